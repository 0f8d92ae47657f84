// Which page is shown. The address says it all (page, filter, search, order), so
// that back, forward, reload and links that are sent to others work.
//
// Rules for where a person is sent after signing in:
//   - a path of this origin that begins with one slash; no backslash (browsers take
//     it for a slash), no control character, no host;
//   - and not a page for guests, nor the server's own paths.
// Anything else leads to the tasks.
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

// Links of this app change the page without loading it; all others, and clicks
// that ask for another tab, are the browser's.
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

/** The way to the log-in page that leads back here. */
export function loginTarget() {
	const here = location.pathname + location.search
	return here === home || here === '/' ? '/login' : '/login?return=' + encodeURIComponent(here)
}
