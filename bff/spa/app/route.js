// Which page is shown. The address contains everything (page, filter, search, order), so
// that back, forward, reload and shared links work.
//
// Rules for where a person is sent after signing in:
//   - a path of this origin that begins with one slash; no backslash (browsers take
//     it for a slash), no control character, no host;
//   - no page for guests, and no path of the server.
// All other targets are replaced by the tasks.
import { createStore } from './store.js'

export const home = '/tasks'
const guestPages = ['/login', '/signup', '/forgot', '/reset-password']

const read = () => ({ path: location.pathname.replace(/(.)\/+$/, '$1'), query: location.search, kind: /** @type {'load'|'push'|'replace'|'back'} */ ('load') })
export const route = createStore(read())

/** @param {string} path */
export const forGuests = path => guestPages.includes(path)

/**
 * @param {string} to
 * @param {{ replace?: boolean }} [how]
 */
export function navigate(to, { replace = false } = {}) {
	if (to === location.pathname + location.search) replace = true
	history[replace ? 'replaceState' : 'pushState'](null, '', to)
	route.set({ ...read(), kind: replace ? 'replace' : 'push' })
}

addEventListener('popstate', () => route.set({ ...read(), kind: 'back' }))

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

/** The address of the log-in page, with the way back to the current page. */
export function loginTarget() {
	const here = location.pathname + location.search
	return here === home || here === '/' ? '/login' : '/login?return=' + encodeURIComponent(here)
}
