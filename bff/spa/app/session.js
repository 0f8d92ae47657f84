// Who is signed in. All that the page knows is what the server has told it; tabs
// tell each other, so that a log-out in one is a log-out in all.
import { AuthError, AwayError, awayText, call } from './auth.js'
import { createStore } from './store.js'

/**
 * @typedef {{ id: string, name: string, email: string, emailVerified: boolean }} User
 *
 * loading: not known yet; nothing private is shown. in, out: known. lost: it ended while the page was in use;
 * the page is kept, hidden, until the same person is back. away: the server could not be asked.
 * @typedef {{ state: 'loading'|'in'|'out'|'lost'|'away', user: User|null, handle: string, why: string }} Session
 */

export const session = createStore(/** @type {Session} */ ({ state: 'loading', user: null, handle: '', why: '' }))

// Answers that were asked for before the last change say nothing about now.
let epoch = 0
let asked = 0

/** @param {Session} next */
function become(next) {
	epoch++
	session.set(next)
}

/** Asks the server, at the start and whenever another tab or the stream says that something has changed. */
export async function load() {
	const before = ++epoch
	asked = Date.now()
	let found
	try {
		found = await call('GET', '/get-session')
		if (found !== null) answered(found)
	} catch (error) {
		if (before !== epoch) return
		if (!(error instanceof AwayError || error instanceof AuthError)) throw error
		// Who was signed in stays so: that the server is away ends no session.
		if (session.get().state === 'loading') become({ state: 'away', user: null, handle: '', why: '' })
		return
	}
	if (before !== epoch) return
	if (found) enter(found.user, found.session?.token ?? '')
	else lose()
}

/**
 * What our server says of a person always has them in it; JSON without did not come
 * from there.
 * @param {any} answer
 * @returns {{ user: User, token?: string|null, session?: { token: string } }}
 */
export function answered(answer) {
	if (typeof answer?.user?.id !== 'string') throw new AwayError(awayText)
	return answer
}

export function retry() {
	become({ state: 'loading', user: null, handle: '', why: '' })
	return load()
}

/**
 * @param {User} user
 * @param {string} handle
 */
function enter(user, handle) {
	confirmed = performance.now()
	become({ state: 'in', user, handle, why: '' })
}

let confirmed = 0 // when the server last said that somebody is in
/** @type {Promise<void>|null} */
let checking = null

/**
 * Whether somebody's session lives although a request of theirs was answered 401. After a new password or
 * another log-in the secret in the cookie is another one, and the requests that were on
 * their way with the old one are refused. Nothing has been done for them, so each may be
 * sent once more.
 * @param {number} sent when the request was sent (performance.now)
 * @param {string|undefined} whose the user's id
 */
export async function alive(sent, whose) {
	const isIn = () => session.get().state === 'in' && session.get().user?.id === whose
	if (isIn() && sent >= confirmed) await (checking ??= load().finally(() => (checking = null)))
	return isIn()
}

/** The session has ended, and nobody here asked for it. */
export function lose() {
	const now = session.get()
	if (now.state === 'in') become({ ...now, state: 'lost' })
	else if (now.state !== 'lost') become({ state: 'out', user: null, handle: '', why: now.why })
}

/**
 * Leaves for good: nothing of the person stays in the page.
 * @param {string} why
 */
export function leave(why = '') {
	become({ state: 'out', user: null, handle: '', why })
}

/**
 * @param {string} email
 * @param {string} password
 */
export async function signIn(email, password) {
	const { user, token } = answered(await call('POST', '/sign-in/email', { email, password }))
	enter(user, token ?? '')
	tell('in')
}

/**
 * @param {string} name
 * @param {string} email
 * @param {string} password
 * @returns {Promise<boolean>} false when the address must be confirmed first
 */
export async function signUp(name, email, password) {
	const { user, token } = answered(await call('POST', '/sign-up/email', { name, email, password, callbackURL: '/tasks' }))
	if (!token) return false
	enter(user, token)
	tell('in')
	return true
}

export async function signOut() {
	await call('POST', '/sign-out', {})
	leave()
	tell('out')
}

/** Signs out here what has been signed out, or deleted, at the server. */
export function gone() {
	leave()
	tell('out')
}

/**
 * Waits, after the session has ended, until the person is back.
 * @returns {Promise<boolean>} false when they have left
 */
export function back() {
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
	tell('in')
}

/** @param {string} handle */
export function renewed(handle) {
	confirmed = performance.now()
	session.merge({ handle })
}

// The other tabs. Where there is no BroadcastChannel, a change of localStorage tells
// them; what is said is a word, never who or what.
const name = 'vestibule.session'
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null

/** @param {'in'|'out'} word */
function tell(word) {
	if (channel) return channel.postMessage(word)
	try {
		localStorage.setItem(name, word + ' ' + Date.now())
		localStorage.removeItem(name)
	} catch {} // storage may be forbidden: then the stream tells
}

/** @param {unknown} word */
function heard(word) {
	if (word === 'in') return void load()
	if (word === 'out' && session.get().state !== 'out') leave('You have logged out in another tab.')
}
channel?.addEventListener('message', event => heard(event.data))
addEventListener('storage', event => {
	if (event.key === name && event.newValue) heard(event.newValue.split(' ')[0])
})

// A page that comes back from sleep, or out of the browser's cache for "back", may
// have missed the end.
addEventListener('pageshow', event => {
	if (!event.persisted) return
	document.body.style.visibility = 'hidden' // until it is known whose page this is now
	void load().finally(() => (document.body.style.visibility = ''))
})
document.addEventListener('visibilitychange', () => {
	if (document.visibilityState === 'visible' && session.get().state === 'in' && Date.now() - asked > 60_000) void load()
})
