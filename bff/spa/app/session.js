// Who is signed in. The page knows only what the server has checkAnswer. The tabs tell each
// other, so that a log-out in one tab logs out all.
import { AuthError, AwayError, awayText, call } from './auth.js'
import { createStore } from './store.js'

/**
 * @typedef {{ id: string, name: string, email: string, emailVerified: boolean }} User
 *
 * loading: not known yet; nothing private is shown. in, out: known. lost: the session ended while the page was in
 * use; the page is kept, hidden, until the same person is back. away: the server could not be reached.
 * @typedef {{ state: 'loading'|'in'|'out'|'lost'|'away', user: User|null, handle: string, why: string }} Session
 */

export const session = createStore(/** @type {Session} */ ({ state: 'loading', user: null, handle: '', why: '' }))

// The epoch counts changes. An answer to a request from an earlier epoch is outdated.
let epoch = 0
let asked = 0

/** @param {Session} next */
function replace(next) {
	epoch++
	session.set(next)
}

/** Asks the server who is signed in: at the start, and when another tab or the stream reports a change. */
export async function load() {
	const before = ++epoch
	asked = Date.now()
	let found
	try {
		found = await call('GET', '/get-session')
		if (found !== null) checkAnswer(found)
	} catch (error) {
		if (before !== epoch) return
		if (!(error instanceof AwayError || error instanceof AuthError)) throw error
		// An unreachable server does not end a session, so a signed-in person stays signed in.
		if (session.get().state === 'loading') replace({ state: 'away', user: null, handle: '', why: '' })
		return
	}
	if (before !== epoch) return
	if (found) enter(found.user, found.session?.token ?? '', found.session?.expiresAt)
	else markLost()
}

/**
 * Our server's answers about a person always contain the user. JSON without it does not come
 * from our server.
 * @param {any} answer
 * @returns {{ user: User, token?: string|null, session?: { token: string, expiresAt?: string } }}
 */
export function checkAnswer(answer) {
	if (typeof answer?.user?.id !== 'string') throw new AwayError(awayText)
	return answer
}

export function retry() {
	replace({ state: 'loading', user: null, handle: '', why: '' })
	return load()
}

/**
 * @param {User} user
 * @param {string} handle
 * @param {string} [expiresAt]
 */
function enter(user, handle, expiresAt = '') {
	confirmed = performance.now()
	ends = Date.parse(expiresAt) || 0
	replace({ state: 'in', user, handle, why: '' })
}

let ends = 0
/** When the session ends if it is not used, in ms since 1970; 0: not known. */
export const sessionEnds = () => ends

let confirmed = 0 // when the server last confirmed that somebody is signed in
/** @type {Promise<void>|null} */
let checking = null

/**
 * Whether the user's session is valid although one of their requests got a 401. A new password or another
 * log-in changes the secret in the cookie, and requests that are under way with the old one are refused. The
 * server has not acted on them, so each may be sent once more.
 * @param {number} sent when the request was sent (performance.now)
 * @param {string|undefined} whose the user's id
 */
export async function isStillValid(sent, whose) {
	const isIn = () => session.get().state === 'in' && session.get().user?.id === whose
	if (isIn() && sent >= confirmed) await (checking ??= load().finally(() => (checking = null)))
	return isIn()
}

/** The session has ended, but not by a log-out here. */
export function markLost() {
	const now = session.get()
	if (now.state === 'in') replace({ ...now, state: 'lost' })
	else if (now.state !== 'lost') replace({ state: 'out', user: null, handle: '', why: now.why })
}

/**
 * Ends the session in the page: nothing of the person stays.
 * @param {string} why
 */
export function leave(why = '') {
	replace({ state: 'out', user: null, handle: '', why })
}

/**
 * @param {string} email
 * @param {string} password
 */
export async function signIn(email, password) {
	const { user, token } = checkAnswer(await call('POST', '/sign-in/email', { email, password }))
	enter(user, token ?? '')
	tellTabs('in')
}

/**
 * @param {string} name
 * @param {string} email
 * @param {string} password
 * @returns {Promise<boolean>} false when the address must be confirmed first
 */
export async function signUp(name, email, password) {
	const { user, token } = checkAnswer(await call('POST', '/sign-up/email', { name, email, password, callbackURL: '/tasks?link=confirmed' }))
	if (!token) return false
	enter(user, token)
	tellTabs('in')
	return true
}

export async function signOut() {
	await call('POST', '/sign-out', {})
	leave()
	tellTabs('out')
}

/** Ends the session in all tabs after it, or the account, has ended at the server. */
export function endEverywhere() {
	leave()
	tellTabs('out')
}

/**
 * Waits, after the session has ended, until the person has logged in again.
 * @returns {Promise<boolean>} false if they have left
 */
export function waitForReturn() {
	const { user } = session.get()
	return new Promise(resolve => {
		const stop = session.follow(() => {
			const now = session.get()
			if (now.state !== 'in' && now.state !== 'out') return
			stop()
			resolve(now.user?.id === user?.id)
		})
	})
}

/** @param {Partial<User>} change */
export function changed(change) {
	const { user } = session.get()
	if (user) session.merge({ user: { ...user, ...change } })
	tellTabs('in')
}

/** @param {string} handle */
export function setHandle(handle) {
	confirmed = performance.now()
	session.merge({ handle })
}

// The other tabs. Without a BroadcastChannel, a change of localStorage tells them. The
// message is only a word and contains no private data.
const name = 'vestibule.session'
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null

/** @param {'in'|'out'} word */
function tellTabs(word) {
	if (channel) return channel.postMessage(word)
	try {
		localStorage.setItem(name, word + ' ' + Date.now())
		localStorage.removeItem(name)
	} catch {} // storage may be disabled; then the stream reports the change
}

/** @param {unknown} word */
function onTabMessage(word) {
	if (word === 'in') return void load()
	if (word === 'out' && session.get().state !== 'out') leave('You have logged out in another tab.')
}
channel?.addEventListener('message', event => onTabMessage(event.data))
addEventListener('storage', event => {
	if (event.key === name && event.newValue) onTabMessage(event.newValue.split(' ')[0])
})

// A page that wakes from sleep, or that the browser restores for "back", may have missed the
// end of the session.
addEventListener('pageshow', event => {
	if (!event.persisted) return
	document.body.style.visibility = 'hidden' // until we know who is signed in
	void load().finally(() => (document.body.style.visibility = ''))
})
document.addEventListener('visibilitychange', () => {
	if (document.visibilityState === 'visible' && session.get().state === 'in' && Date.now() - asked > 60_000) void load()
})
