export const metadata = { title: 'Tasks', icons: 'data:,' }

export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>
}
