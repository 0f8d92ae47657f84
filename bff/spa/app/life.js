// When the page's work starts and stops: with the session, with the page, and with the network.

/**
 * enter: somebody has signed in. back: the same person has logged in again. lost: the session has ended. out: nobody is signed
 * in. closing: the page may never be shown again. shown, restored: it is in use
 * again, and in the second case its stream may be gone. online: the network is back.
 * @typedef {{ enter: (userId: string) => void, back: () => void, lost: () => void, out: () => void, stop: () => void, closing: () => void, shown: () => void, restored: () => void, online: () => void }} Life
 */

// A browser opens at most six connections to a server (HTTP/1.1) for all tabs together. The
// streams of hidden tabs must not use them up.
const unseenFor = 30_000

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
		} else if (now.state === 'lost' && !ended) {
			ended = true
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
	addEventListener('pageshow', event => event.persisted && isIn() && on.restored())
	addEventListener('online', on.online)

	return { started: stopUnseen } // a tab that was opened in the background may never be shown
}
