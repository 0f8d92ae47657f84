// The entry point: it decides which page is shown.
import { useLayoutEffect, useRef, useState } from '../vendor/hooks.js'
import { render } from '../vendor/preact.js'
import { Account } from './account.js'
import { Proof } from './ask.js'
import { AuthError, AwayError, awayText } from './auth.js'
import { Ending } from './ending.js'
import { Expired, Forgot, Login, Reset, SignUp } from './enter.js'
import { html } from './html.js'
import { forGuests, home, loginTarget, navigate, route, safeTarget } from './route.js'
import { load, retry, session, signOut } from './session.js'
import { useStore } from './store.js'
import { TasksPage } from './tasks-page.js'
import { pauseStream, settle, tasks, unsaved, unsent } from './tasks.js'
import { Announcer, Away, Dialog, Heading, Icon, toast, Toasts } from './ui.js'

/** @type {Record<string, (props: { focus: boolean }) => unknown>} */
const pages = { '/tasks': TasksPage, '/account': Account, '/login': Login, '/signup': SignUp, '/forgot': Forgot, '/reset-password': Reset }

/**
 * redirectTarget returns the page to show instead of the address, or ''.
 * @param {import('./session.js').Session['state']} state
 * @param {string} path
 * @param {string} query
 */
function redirectTarget(state, path, query) {
	// A link in a mail must also work for a person who is logged in. Somebody who is logged in
	// but has forgotten the password must be able to ask for a link: without the password they
	// cannot change it, and after logging out they could not log in again.
	if (state === 'in' && (path === '/reset-password' || path === '/forgot')) return ''
	if (state === 'in' && forGuests(path)) return safeTarget(new URLSearchParams(query).get('return'))
	if (path === '/') return state === 'out' ? '/login' : home
	if (state === 'out' && !forGuests(path) && Object.hasOwn(pages, path)) return loginTarget()
	return ''
}

function App() {
	const { state, user } = useStore(session)
	const { path, query, kind } = useStore(route)
	const known = state !== 'loading' && state !== 'away'
	const redirect = known ? redirectTarget(state, path, query) : ''
	useLayoutEffect(() => {
		if (redirect) navigate(redirect, { replace: true })
	}, [redirect])
	// The next person must not see what the previous one searched for or wanted to open.
	const last = useRef('')
	useLayoutEffect(() => {
		if (!user) return
		if (last.current && last.current !== user.id) navigate(route.get().path, { replace: true })
		last.current = user.id
	}, [user?.id])
	useLayoutEffect(() => {
		if (kind === 'push') scrollTo(0, 0)
	}, [path])

	const first = useRef(path)
	const moved = path !== first.current
	if (moved) first.current = ''

	if (state === 'away') return html`<main class="enter"><div class="card"><${Heading} title="No connection" focus=${true} /><${Away} text=${awayText} onRetry=${retry} /></div></main>`
	if (!known || redirect) return html`<div class="splash" role="status" aria-label="Loading"><img src="/icon.svg" width="48" height="48" alt="" /></div>`
	const Page = (Object.hasOwn(pages, path) && pages[path]) || NotFound
	const inside = state === 'in' || state === 'lost'
	// Typed text must not pass to the next person either, so the page's key contains the user.
	// Pages for guests belong to nobody: a log-in in another tab must not reset one that was
	// opened by a link from a mail.
	const whose = forGuests(path) ? path : `${path} ${user?.id}`
	return html`
		<div class="app" inert=${state === 'lost'}>
			${inside && !forGuests(path) && html`<${Header} key=${user?.id} path=${path} />`}
			<${Page} key=${whose} focus=${moved} />
		</div>
		<${Proof} />
		${state === 'in' && html`<${Ending} />`}
		${state === 'lost' && html`<${Expired} />`}
		<${Toasts} /><${Announcer} />`
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
	return html`<header>
		<div class="bar">
			<a class="brand" href="/tasks" aria-label="Vestibule, to the tasks"><img src="/icon.svg" width="28" height="28" alt="" /><span>Vestibule</span></a>
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

const root = document.getElementById('app')
if (root) {
	root.replaceChildren()
	// A link from a mail that no longer works leads here, with an error.
	const link = new URLSearchParams(location.search).get('error')
	if (link && location.pathname !== '/reset-password') {
		navigate(location.pathname, { replace: true })
		if (['INVALID_TOKEN', 'TOKEN_EXPIRED'].includes(link)) toast('This link has expired or was used.', { bad: true })
	}
	render(html`<${App} />`, root)
	void load()
}
