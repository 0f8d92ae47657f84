// Which page is shown. The address contains everything (page, filter, search, order), so
// that back, forward, reload and shared links work.
//
// Rules for where a person is sent after signing in:
//   - a path of this origin that begins with one slash; no backslash (browsers take
//     it for a slash), no control character, no host;
//   - no page for guests, and no path of the server.
// All other targets are replaced by the tasks.
//
// An address may contain what a person has searched for, and the next person of this browser must not see it. So each
// entry of the history has the id of its user in its state, and it is opened for another one without its query. A log-in
// page in its place has the address to return to in its state as well, for the same user only.
import { createStore } from './store.js'

export const home = '/tasks'
const guestPages = ['/login', '/signup', '/forgot', '/reset-password']

const read = () => ({ path: location.pathname.replace(/(.)\/+$/, '$1'), query: location.search, kind: /** @type {'load'|'push'|'replace'|'back'} */ ('load') })
export const route = createStore(read())

/** @param {string} path */
export const forGuests = path => guestPages.includes(path)

let owner = '' // the id of the user, or '' if nobody is signed in

/** Says whose the entries of the history are from now on. @param {string} userId '' if nobody is signed in */
export function own(userId) {
	owner = userId
	if (clean()) route.set({ ...read(), kind: 'replace' })
}

/** Removes the query of another person from the current entry, and marks the entry. @returns {boolean} whether the address has changed */
function clean() {
	const before = history.state?.user
	if (!owner || before === owner || forGuests(read().path)) return false
	history.replaceState({ user: owner }, '', before ? location.pathname : location.pathname + location.search)
	return Boolean(before)
}

/**
 * @param {string} to
 * @param {{ replace?: boolean, state?: { user: string, back?: string }|null }} [how]
 */
export function navigate(to, { replace = false, state = owner ? { user: owner } : null } = {}) {
	if (to === location.pathname + location.search) replace = true
	history[replace ? 'replaceState' : 'pushState'](state, '', to)
	route.set({ ...read(), kind: replace ? 'replace' : 'push' })
}

addEventListener('popstate', () => {
	clean()
	route.set({ ...read(), kind: 'back' })
})

// Links of this app change the page without a reload. The browser handles all other links,
// and clicks that open a new tab.
addEventListener('click', event => {
	const link = event.target instanceof Element ? event.target.closest('a') : null
	if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
	if (link.target || link.hasAttribute('download') || link.origin !== location.origin || link.pathname.startsWith('/api/')) return
	event.preventDefault()
	navigate(link.pathname + link.search)
})

/**
 * @param {string | null} wanted
 * @returns {string}
 */
export function safeTarget(wanted) {
	// Control characters and spaces are dropped by URL parsers, so
	// "/\t/evil.example" would become "//evil.example".
	if (!wanted || !/^\/(?![/\\])[^\\\u0000-\u0020\u007f]*$/.test(wanted)) return home
	const url = new URL(wanted, location.origin)
	if (url.origin !== location.origin || url.pathname.startsWith('//') || url.pathname.startsWith('/api/') || forGuests(url.pathname)) return home
	return url.pathname + url.search
}

/** Shows the log-in page instead of the current page, with the way back to it. */
export function toLogin() {
	const here = location.pathname + location.search
	const user = history.state?.user
	if (user) return navigate('/login', { replace: true, state: { user, back: here } })
	navigate(here === home || here === '/' ? '/login' : '/login?return=' + encodeURIComponent(here), { replace: true })
}

/** Where a person goes from the log-in page. @param {string} userId @param {string} query of the address */
export function afterLogin(userId, query) {
	const { user, back } = history.state ?? {}
	return safeTarget(user === userId && back ? back : new URLSearchParams(query).get('return'))
}
