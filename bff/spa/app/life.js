// When the page's work starts and stops: with the session, with the page, and with the network.
import { tabs } from '../client/tabs.js'

/**
 * enter: somebody has signed in. lost: the session has ended, or the page was restored and does not know. back: it is the
 * session of the same person again. out: nobody is signed in. closing: the page may never be shown again. shown: it is in use
 * again. restored: so it is, after closing. makeRoom: another tab has started, and this one is hidden. online: the network is back.
 * @typedef {{ enter: (userId: string) => void, back: () => void, lost: () => void, out: () => void, stop: () => void, makeRoom: () => void, closing: () => void, shown: () => void, restored: () => void, online: () => void }} Life
 */

// A browser opens at most six connections to a server (HTTP/1.1) for all tabs together. The
// streams of hidden tabs must not use them up. So a hidden tab gives its stream up after this time, or as
// soon as another tab starts.
const unseenFor = 5_000

/**
 * @param {Pick<import('../client/session.js').SessionKit, 'get'|'follow'>} session
 * @param {Life} on
 * @returns {{ started: () => void }} started must be called when the work has started
 */
export function followLife(session, on) {
	let user = ''
	let ended = false // the session ended while the page was in use

	session.follow(() => {
		const now = session.get()
		if (now.state === 'in' && now.user) {
			const same = now.user.id === user
			const back = same && ended
			user = now.user.id
			ended = false
			if (!same) on.enter(user)
			else if (back) on.back()
		} else if (user && now.state !== 'out' && !ended) {
			ended = true // or, for a restored page: whether it has ended is not known
			on.lost()
		} else if (now.state === 'out') {
			user = ''
			ended = false
			on.out()
		}
	})

	const isIn = () => session.get().state === 'in'

	/** @type {ReturnType<typeof setTimeout>|undefined} */
	let unseen
	function stopUnseen() {
		clearTimeout(unseen)
		if (document.visibilityState === 'hidden') unseen = setTimeout(on.stop, unseenFor)
	}
	document.addEventListener('visibilitychange', () => {
		stopUnseen()
		if (document.visibilityState === 'visible' && isIn()) on.shown()
	})
	// The browser may keep the page for "back", with its stream open. With six such streams no
	// other page of ours could load.
	addEventListener('pagehide', () => {
		on.closing()
		on.stop()
	})
	addEventListener('pageshow', event => event.persisted && user && on.restored()) // and back() follows
	addEventListener('online', on.online)

	const others = tabs('vestibule.streams', () => document.visibilityState === 'hidden' && on.makeRoom())

	return {
		started() {
			stopUnseen() // a tab that was opened in the background may never be shown
			others.tell('started')
		},
	}
}
