// Keeps the changes that the server has not confirmed over a reload, in localStorage.
//
// The rules:
//   - Each tab has its own entry, under the user's id and a random name, and holds the Web Lock of that name
//     while the entry exists. Whoever gets the lock knows that the tab is gone, and takes its changes over. So
//     each change has one sender. A page that is left gives its lock up, because the browser may keep it for
//     "back". If it is shown again, it drops what another tab has taken over.
//   - A change may bring a question to the person. So a tab in which they would not see it leaves the changes to one
//     in which they would, such as the tab that has just been reloaded: a hidden tab until it is shown, and one with
//     another page for some seconds.
//   - Another user's entries are deleted, not read. A log-out deletes those of its user, in all tabs.
//   - Without storage or locks (private windows, http without TLS), changes live as long as the page does.
//   - An entry has at most 200 changes and 500 000 characters. If there are more, the newest are not kept. An
//     entry is used for seven days.
import { newIdempotencyKey } from '../client/index.js'

const prefix = 'vestibule.queue.'
const mostOps = 200
const mostText = 500_000 // characters; browsers allow about five million for an origin
const longest = 7 * 86_400_000 // ms
const yieldFor = 10_000 // ms; a reload and a log-in take less
const soon = 250 // ms; most changes are saved before that, and need no entry

/**
 * @template R, C
 * @typedef {import('./ops.js').Op<R, C>} Op
 */

/**
 * @template R, C
 * @param {string} user
 * @param {{ adopt: (ops: Op<R, C>[]) => void, taken: (idempotencyKeys: string[]) => void, yields?: (waited: boolean) => boolean }} on
 *   adopt: take over the changes of a tab that is gone. taken: another tab has taken these over. yields: whether another
 *   tab should rather have them; waited: it had the time for that
 * @param {{ storage: Storage, locks: LockManager }|null} [browser] null if it has none of them
 */
export function createQueue(user, on, browser = found()) {
	const own = `${prefix}${user}.`
	const mine = own + newIdempotencyKey()
	const end = new AbortController()
	let text = '' // what is stored, or will be
	/** @type {null | (() => void)} */
	let release = null
	/** @type {Promise<unknown>|null} */
	let holding = null
	/** @type {ReturnType<typeof setTimeout>|undefined} */
	let timer
	/** @type {Map<string, ReturnType<typeof setTimeout>>} */
	const yielded = new Map() // the entries that are left to other tabs for now
	let left = false // the page may never be shown again
	let full = false // the storage has not taken the text

	/** Takes over an entry as soon as its tab is gone. @param {string} key @param {boolean} [waited] */
	function take(key, waited = false) {
		browser?.locks.request(key, { signal: end.signal }, async () => {
			const ops = read(key)
			if (end.signal.aborted) return
			if (!ops) return browser.storage.removeItem(key) // unreadable, or taken over by another tab
			clearTimeout(yielded.get(key))
			if (on.yields?.(waited)) return void yielded.set(key, setTimeout(() => take(key, true), yieldFor))
			yielded.delete(key)
			on.adopt(ops)
			await write() // in our entry first: a crash between the two may repeat a change, but loses none
			browser.storage.removeItem(key)
		}).catch(ignoreEnd)
	}

	/** @param {string} key @returns {Op<R, C>[]|null} */
	function read(key) {
		try {
			const ops = JSON.parse(browser?.storage.getItem(key) ?? '')
			return ops.filter((/** @type {Op<R, C>} */ op) => Date.now() - op.at < longest)
		} catch {
			return null
		}
	}

	/** Stores the text once this tab holds its lock: before that, another tab would take it over. */
	async function write() {
		clearTimeout(timer)
		timer = undefined
		if (text) await (holding ??= hold())
		if (!browser || end.signal.aborted) return
		if (text) return put()
		browser.storage.removeItem(mine)
		if (!release) return // if the lock is still to come, the call that waits for it sees that there is nothing to store
		release()
		release = holding = null
	}

	const hold = () => new Promise(done => {
		browser?.locks.request(mine, { signal: end.signal }, () => new Promise(free => {
			release = () => free(undefined)
			done(undefined)
		})).catch(done)
	})

	function put() {
		try {
			browser?.storage.setItem(mine, text)
			full = false
		} catch {
			full = true
			browser?.storage.removeItem(mine) // there is no room, and an older state would be wrong
		}
	}

	/** @param {string} start */
	const keys = start => Object.keys(browser?.storage ?? {}).filter(key => key.startsWith(start))

	return {
		/** Takes over what tabs of this user have left, now and later. Nothing of other users stays. */
		begin() {
			if (!browser) return
			for (const key of keys(prefix)) key.startsWith(own) ? take(key) : browser.storage.removeItem(key)
			globalThis.addEventListener?.('storage', ({ key, oldValue }) => key?.startsWith(own) && oldValue === null && take(key), { signal: end.signal })
		},

		/** @param {readonly Op<R, C>[]} ops */
		keep(ops) {
			const next = textOf(ops)
			if (!browser || next === text) return
			text = next
			if (release || !text) void write()
			else timer ??= setTimeout(write, soon)
		},

		/** Whether a reload loses none of these changes. @param {readonly Op<R, C>[]} ops */
		holds: ops => Boolean(browser) && !full && keptOf(ops).length === ops.filter(op => op.state !== 'waiting').length,

		/** The page may be closing. @param {readonly Op<R, C>[]} ops */
		leave(ops) {
			if (!browser) return
			clearTimeout(timer)
			timer = undefined
			// The browser sends the latest changes even if the page closes, so they need no heir. But an heir can send the
			// later changes of a record only together with these. And a slow browser may drop a request of a page that
			// closes. A deletion that could be undone has no other chance, and to delete twice does no harm.
			const isAlone = (/** @type {Op<R, C>} */ op) => !ops.some(o => o !== op && o.key === op.key)
			text = textOf(release ? ops : ops.filter(op => !op.sent || op.state !== 'sending' || op.kind === 'delete' || !isAlone(op)))
			left = text !== ''
			if (left) put()
			release?.()
			release = holding = null
		},

		/** The page is shown again. */
		back() {
			if (!left) return
			left = false
			browser?.locks.request(mine, { signal: end.signal }, async () => {
				if (browser.storage.getItem(mine) === null) on.taken(JSON.parse(text || '[]').map((/** @type {Op<R, C>} */ op) => op.idempotencyKey))
			}).then(() => void (text && write()), ignoreEnd)
		},

		/** The tab was hidden, and is shown. */
		shown() {
			for (const key of yielded.keys()) take(key)
		},

		/** The person leaves. */
		end() {
			clearTimeout(timer)
			for (const wait of yielded.values()) clearTimeout(wait)
			end.abort()
			for (const key of keys(own)) browser?.storage.removeItem(key)
			release?.()
		},
	}
}

/**
 * How many changes of a user wait, also while no server can say who is signed in.
 * @param {string} user
 * @param {Storage|undefined} [storage]
 */
export function waiting(user, storage = found()?.storage) {
	let n = 0
	for (const [key, text] of Object.entries(storage ?? {})) {
		if (!key.startsWith(`${prefix}${user}.`)) continue
		try {
			n += JSON.parse(text).filter((/** @type {Op<any, any>} */ op) => Date.now() - op.at < longest).length
		} catch {} // nobody will send it either
	}
	return n
}

/**
 * As many of the changes as an entry may have, in their order, as JSON.
 * @param {readonly Op<any, any>[]} ops
 */
function keptOf(ops) {
	const kept = []
	let size = 0
	for (const op of ops) {
		if (op.state === 'waiting') continue // after a crash, the deletion counts as undone
		const one = JSON.stringify(op)
		size += one.length
		if (size > mostText || kept.length === mostOps) break
		kept.push(one)
	}
	return kept
}

/** @param {readonly Op<any, any>[]} ops */
function textOf(ops) {
	const kept = keptOf(ops)
	return kept.length ? `[${kept.join()}]` : ''
}

/** @param {unknown} error */
function ignoreEnd(error) {
	if (!(error instanceof DOMException)) throw error // the request for a lock was aborted
}

function found() {
	try {
		return navigator.locks && localStorage ? { storage: localStorage, locks: navigator.locks } : null
	} catch {
		return null // the browser forbids it
	}
}
