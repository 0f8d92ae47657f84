// The entry point: it decides which page is shown.
import { useLayoutEffect, useRef, useState } from '../vendor/hooks.js'
import { render } from '../vendor/preact.js'
import { Account } from './account.js'
import { Proof } from './ask.js'
import { AuthError, AwayError } from './auth.js'
import { Ending } from './ending.js'
import { Expired, Forgot, Login, Reset, SignUp } from './enter.js'
import { html } from './html.js'
import { KeptEdit } from './kept-edit.js'
import { NoAnswer, Offline } from './offline.js'
import { appName, logo } from './page.js'
import { afterLogin, forGuests, home, navigate, own, route, toLogin } from './route.js'
import { load, session, signOut } from './session.js'
import { useStore } from './store.js'
import { TasksPage } from './tasks-page.js'
import { pauseStream, settle, tasks, unsaved, unsent } from './tasks.js'
import { Announcer, Dialog, Heading, Icon, toast, Toasts } from './ui.js'

/** @type {Record<string, (props: { focus: boolean }) => unknown>} */
const pages = { '/tasks': TasksPage, '/account': Account, '/login': Login, '/signup': SignUp, '/forgot': Forgot, '/reset-password': Reset }

/**
 * redirectTarget returns the page to show instead of the address, or ''.
 * @param {import('./session.js').Session} session
 * @param {string} path
 * @param {string} query
 */
function redirectTarget({ state, user }, path, query) {
	// A link in a mail must also work for a person who is logged in. Somebody who is logged in
	// but has forgotten the password must be able to ask for a link: without the password they
	// cannot change it, and after logging out they could not log in again.
	if (state === 'in' && (path === '/reset-password' || path === '/forgot')) return ''
	if (state === 'in' && forGuests(path)) return afterLogin(user?.id ?? '', query)
	if (path === '/' && state !== 'out') return home
	if (state === 'out' && !forGuests(path) && (path === '/' || Object.hasOwn(pages, path))) return '/login'
	return ''
}

function App() {
	const now = useStore(session)
	const { state, user } = now
	const { path, query, kind } = useStore(route)
	const known = user !== null || state === 'out'
	const redirect = known ? redirectTarget(now, path, query) : ''
	useLayoutEffect(() => {
		if (redirect === '/login') toLogin()
		else if (redirect) navigate(redirect, { replace: true })
	}, [redirect])
	useLayoutEffect(() => {
		if (kind === 'push') scrollTo(0, 0)
	}, [path])

	const first = useRef(path)
	const moved = path !== first.current
	if (moved) first.current = ''

	if (state === 'away' && !user) return html`<${Offline} />`
	if (!known || redirect) return html`<div class="splash" role="status" aria-label="Loading"><img src=${logo} width="48" height="48" alt="" /></div>`
	const Page = (Object.hasOwn(pages, path) && pages[path]) || NotFound
	const inside = user !== null
	// Typed text must not pass to the next person either, so the page's key contains the user.
	// Pages for guests belong to nobody: a log-in in another tab must not reset one that was
	// opened by a link from a mail.
	const whose = forGuests(path) ? path : `${path} ${user?.id}`
	return html`
		<div class="app" inert=${inside && state !== 'in'}>
			${inside && !forGuests(path) && html`<${Header} key=${user?.id} path=${path} />`}
			${inside && html`<${KeptEdit} path=${path} />`}
			<${Page} key=${whose} focus=${moved} />
		</div>
		<${Proof} />
		${state === 'in' && html`<${Ending} />`}
		${state === 'lost' && html`<${Expired} />`}
		${state === 'away' && html`<${NoAnswer} />`}
		${state !== 'loading' && html`<${Toasts} />`}<${Announcer} />`
}

/** @param {{ path: string }} props */
function Header({ path }) {
	const { user } = useStore(session)
	useStore(tasks)
	const [asking, setAsking] = useState(false)
	const busy = useRef(false)
	const out = async () => {
		if (busy.current) return
		busy.current = true
		setAsking(false)
		let wake = () => {}
		try {
			await settle()
			if ((unsaved() || unsent()) && !asking) return setAsking(true)
			wake = pauseStream()
			await signOut()
			navigate('/login')
		} catch (error) {
			wake()
			if (!(error instanceof AwayError || error instanceof AuthError)) throw error
			toast(`You are still logged in: the server ${error instanceof AwayError ? 'cannot be reached' : 'has a problem'}.`, { bad: true, act: 'Try again', run: out })
		} finally {
			busy.current = false
		}
	}
	const link = (/** @type {string} */ to, /** @type {string} */ label, /** @type {string} */ icon) =>
		html`<a href=${to} aria-current=${path === to ? 'page' : undefined}><${Icon} name=${icon} /><span>${label}</span></a>`
	// Not by the address: the browser would keep another entry for the same page.
	const skip = (/** @type {Event} */ event) => {
		event.preventDefault()
		document.getElementById('content')?.focus()
	}
	return html`<header>
		<a class="skip" href="#content" onClick=${skip}>Skip to the content</a>
		<div class="bar">
			<a class="brand" href="/tasks" aria-label=${appName + ', to the tasks'}><img src=${logo} width="28" height="28" alt="" /><span>${appName}</span></a>
			<nav aria-label="Pages">${link('/tasks', 'Tasks', 'list')}${link('/account', 'Account', 'person')}</nav>
			<span class="who" title=${user?.email}><bdi>${user?.name}</bdi></span>
			<button type="button" class="quiet" onClick=${out}><${Icon} name="leave" /><span>Log out</span></button>
		</div>
		${asking && html`<${Dialog} title="Log out without saving?" onClose=${() => setAsking(false)}>
			<p class="lead">${unsaved() ? 'Some of your changes have not reached the server. They are' : 'Your typed text is not saved yet. It is'} lost when you log out.</p>
			<div class="actions"><button type="button" class="bad" onClick=${out}>Log out</button><button type="button" onClick=${() => setAsking(false)}>Stay</button></div>
		<//>`}
	</header>`
}

const NotFound = () => html`<main class="enter"><div class="card"><${Heading} title="Page not found" focus=${true} /><p class="lead">There is nothing at this address.</p><p><a href="/tasks">To your tasks</a></p></div></main>`

/** Reads what the server, or the address that a link from a mail leads to, says of that link. */
function linkAnswer() {
	if (location.pathname === '/reset-password') return ''
	const query = new URLSearchParams(location.search)
	const answer = query.get('error') ?? query.get('link')
	if (answer) navigate(location.pathname, { replace: true })
	return answer
}

/** Tells the person what the link has done. Anybody can write such an address, so the text says only what is true here. @param {string} answer */
function confirmLink(answer) {
	const { state, user } = session.get()
	if (['INVALID_TOKEN', 'TOKEN_EXPIRED'].includes(answer)) return void toast('This link has expired or was used.', { bad: true })
	if (state === 'in' && user?.emailVerified && answer === 'confirmed') toast(`Your address ${user.email} is confirmed.`)
	if (state === 'in' && user?.emailVerified && answer === 'changed') toast(`Your address is changed. You log in with ${user.email} now.`)
	if (state === 'out' && ['confirmed', 'changed'].includes(answer)) toast('The link has worked. Log in to continue.')
}

session.follow(() => own(session.get().user?.id ?? ''))

const root = document.getElementById('app')
if (root) {
	root.replaceChildren()
	const answer = linkAnswer()
	render(html`<${App} />`, root)
	void load().then(() => answer && confirmLink(answer))
}
