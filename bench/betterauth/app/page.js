export default function Page() {
	return <p>Only the API is measured.</p>
}
