// The pages for guests (sign-up, log-in, forgotten password), and the dialog for logging in
// again after the session has expired.
import { useRef, useState } from '../vendor/hooks.js'
import { call, problems, unconfirmed } from './auth.js'
import { emailProblem, Field, FormError, found, newPasswordProblem, Submit, useForm } from './form.js'
import { html } from './html.js'
import { logo, passwordRule } from './page.js'
import { navigate, route } from './route.js'
import { setHandle, session, signIn, signUp, whyText } from './session.js'
import { useStore } from './store.js'
import { Dialog, Heading } from './ui.js'

const query = () => new URLSearchParams(route.get().query)

/** @param {{ title: string, lead?: unknown, focus: boolean, children?: unknown }} props */
const Card = ({ title, lead, focus, children }) => html`<main class="enter">
	<div class="card">
		<img src=${logo} width="40" height="40" alt="" />
		<${Heading} title=${title} focus=${focus} />
		${lead && html`<p class="lead">${lead}</p>`}
		${children}
	</div>
</main>`

/** Keeps the page to return to when the person moves between these pages. @param {string} path */
function keepReturn(path) {
	const wanted = query().get('return')
	return wanted ? `${path}?return=${encodeURIComponent(wanted)}` : path
}

/** @param {Record<'email'|'password', string>} values */
const checkLogin = ({ email, password }) => found({ email: emailProblem(email.trim()), password: password ? '' : 'Enter your password.' })

/** The text does not reveal whether the account exists. @param {{ email: string }} props */
function Unverified({ email }) {
	const [said, say] = useState('')
	return html`<p class="hint" role="status">${said ||
		html`<button type="button" class="link" onClick=${() =>
			call('POST', '/send-verification-email', { email, callbackURL: '/login?link=confirmed' }).then(
				() => say(`If there is an account for ${email} whose address is not confirmed, a link is on its way.`),
				error => say(Object.values(problems(error)).join(' ')),
			)}>Send a link to confirm the address</button>`}</p>`
}

/** @param {{ focus: boolean }} props */
export function Login({ focus }) {
	const { why } = useStore(session)
	const [unverified, setUnverified] = useState('')
	const form = useForm(['email', 'password'], async ({ email, password }) => {
			setUnverified('')
			try {
				await signIn(email.trim(), password)
			} catch (error) {
				if (unconfirmed(error)) setUnverified(email.trim())
				throw error
			}
		},
		{ check: checkLogin },
	)
	return html`<${Card} title="Log in" focus=${focus}>
		${why && html`<p class="note" role="status">${whyText(why)}</p>`}
		<form onSubmit=${form.submit} novalidate>
			<${Field} form=${form} name="email" label="Email" type="email" complete="username" mode="email" />
			<${Field} form=${form} name="password" label="Password" type="password" complete="current-password" />
			<${FormError} form=${form} />
			${unverified && html`<${Unverified} key=${unverified} email=${unverified} />`}
			<${Submit} form=${form} label="Log in" />
		</form>
		<p class="aside"><a href=${keepReturn('/forgot')}>Forgot your password?</a></p>
		<p class="aside">New here? <a href=${keepReturn('/signup')}>Create an account</a></p>
	<//>`
}

/** @param {{ focus: boolean }} props */
export function SignUp({ focus }) {
	const [mailed, setMailed] = useState('')
	const form = useForm(['name', 'email', 'newPassword'], async ({ name, email, newPassword }) => {
			if (!(await signUp(name.trim(), email.trim(), newPassword))) setMailed(email.trim())
		},
		{
			check: ({ email, newPassword }) => found({ email: emailProblem(email.trim()), newPassword: newPasswordProblem(newPassword) }),
		},
	)
	if (mailed) return html`<${Card} title="Check your mail" focus=${true} lead=${html`We have sent a link to <b>${mailed}</b>. Follow it to confirm your address. You may have to enter the password that you have just chosen.`}>
		<p class="aside"><a href=${keepReturn('/login')}>Log in</a></p>
	<//>`
	return html`<${Card} title="Create an account" focus=${focus}>
		<form onSubmit=${form.submit} novalidate>
			<${Field} form=${form} name="name" label="Name" complete="name" optional=${true} hint="What should we call you? You may leave this empty." />
			<${Field} form=${form} name="email" label="Email" type="email" complete="username" mode="email" />
			<${Field} form=${form} name="newPassword" label="Password" type="password" complete="new-password" hint=${passwordRule} />
			<${FormError} form=${form} />
			<${Submit} form=${form} label="Create account" />
		</form>
		<p class="aside">Have an account? <a href=${keepReturn('/login')}>Log in</a></p>
	<//>`
}

/** @param {{ focus: boolean }} props */
export function Forgot({ focus }) {
	const [mailed, setMailed] = useState('')
	const form = useForm(['email'], async ({ email }) => {
			await call('POST', '/request-password-reset', { email: email.trim(), redirectTo: '/reset-password' })
			setMailed(email.trim())
		},
		{ check: ({ email }) => found({ email: emailProblem(email.trim()) }) },
	)
	if (mailed) return html`<${Card} title="Check your mail" focus=${true} lead=${html`If there is an account for <b>${mailed}</b>, a link to set a new password is on its way.`}>
		<p class="aside"><a href="/login">Back to log in</a></p>
	<//>`
	return html`<${Card} title="Forgot your password?" focus=${focus} lead="Enter your address, and we send you a link to set a new one.">
		<form onSubmit=${form.submit} novalidate>
			<${Field} form=${form} name="email" label="Email" type="email" complete="username" mode="email" />
			<${FormError} form=${form} />
			<${Submit} form=${form} label="Send the link" />
		</form>
		<p class="aside"><a href=${keepReturn('/login')}>Back to log in</a></p>
	<//>`
}

/** @param {{ focus: boolean }} props */
export function Reset({ focus }) {
	// Remove the token from the address at once. It gives access to the account until it is
	// used, and addresses are kept in the history, sent as Referer and read over a shoulder. The
	// state of this entry of the history survives a reload, and no other page can read it.
	const token = useRef(query().get('token') ?? history.state?.resetToken ?? '')
	const [done, setDone] = useState('')
	if (query().has('token')) history.replaceState({ resetToken: token.current }, '', '/reset-password')
	const form = useForm(['newPassword'], async ({ newPassword }) => {
			await call('POST', '/reset-password', { newPassword, token: token.current })
			history.replaceState(null, '', '/reset-password')
			// If the person who is logged in here has changed their own password, they stay
			// logged in. Nobody else does.
			const found = session.get().state === 'in' ? await call('GET', '/get-session').catch(() => undefined) : undefined
			if (found === null) session.leaveEverywhere()
			if (found?.session) setHandle(found.session.token)
			setDone(found?.session ? 'in' : 'out')
		},
		{ check: ({ newPassword }) => found({ newPassword: newPasswordProblem(newPassword) }) },
	)
	if (done === 'in') return html`<${Card} title="Your password is set" focus=${true} lead="Your other devices are logged out.">
		<p class="aside"><a href="/tasks">Continue to your tasks</a></p>
	<//>`
	if (done) return html`<${Card} title="Your password is set" focus=${true} lead="You have been logged out everywhere. Log in with the new password.">
		<p class="aside"><a href="/login">Log in</a></p>
	<//>`
	if (!token.current) return html`<${Card} title="This link does not work" focus=${focus} lead="It has expired or was used.">
		<p class="aside"><a href="/forgot">Ask for a new one</a></p>
	<//>`
	return html`<${Card} title="Set a new password" focus=${focus} lead="Your other devices will be logged out.">
		<form onSubmit=${form.submit} novalidate>
			<input type="email" name="username" autocomplete="username" hidden />
			<${Field} form=${form} name="newPassword" label="New password" type="password" complete="new-password" hint=${passwordRule} />
			<${FormError} form=${form} />
			<${Submit} form=${form} label="Set the password" />
		</form>
		<p class="aside"><a href="/forgot">Ask for a new link</a></p>
	<//>`
}

/** Covers the page until the same person has logged in again. Typed text is kept. */
export function Expired() {
	const { user } = useStore(session)
	const form = useForm(['email', 'password'], ({ email, password }) => signIn(email.trim(), password), { check: checkLogin })
	const other = () => {
		session.leave()
		navigate('/login', { replace: true }) // the page to return to belongs to the previous person
	}
	return html`<${Dialog} title="Session expired. Please log in again." shut=${true}>
		<p class="lead">Your typed text is kept.</p>
		<form onSubmit=${form.submit} novalidate>
			<${Field} form=${form} name="email" label="Email" type="email" complete="username" value=${user?.email ?? ''} fixed=${true} />
			<${Field} form=${form} name="password" label="Password" type="password" complete="current-password" focus=${true} />
			<${FormError} form=${form} />
			<${Submit} form=${form} label="Log in" />
		</form>
		<p class="aside"><a href="/forgot" target="_blank" rel="noopener">Forgot your password?</a> It opens a new tab, and this one keeps your text.</p>
		<p class="aside"><button type="button" class="link" onClick=${other}>Use another address or account</button></p>
	<//>`
}
