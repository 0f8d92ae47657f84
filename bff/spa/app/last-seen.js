// Keeps the tasks that the signed-in person saw last, in this browser's IndexedDB, so that
// the app can show them without a network. See docs/security.md, "What stays on the device".
//
// There is one record. It belongs to one user, and it is good until their session ends.

import { byPosition } from './position.js'

/**
 * @typedef {{ id: number, title: string, description: string|null, completed: boolean, due_on?: string|null, created_at: string }} SeenTask
 * @typedef {{ user: string, at: number, until: number, tasks: SeenTask[] }} LastSeen
 */

const base = 'vestibule'
const box = 'last-seen'
const only = 'last' // the key of the record

/** @type {Promise<unknown>} */
let before = Promise.resolve()

/**
 * Runs one step after the other: a save that has begun must not end after the clear that follows it.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
function inTurn(mode, work) {
	const step = before.then(() => new Promise((/** @type {(found: T) => void} */ resolve, reject) => {
		const opening = indexedDB.open(base, 1)
		opening.onupgradeneeded = () => opening.result.createObjectStore(box)
		opening.onerror = () => reject(opening.error)
		opening.onsuccess = () => {
			const db = opening.result
			const change = db.transaction(box, mode)
			const request = work(change.objectStore(box))
			change.oncomplete = () => {
				db.close()
				resolve(request.result)
			}
			change.onabort = () => {
				db.close()
				reject(change.error)
			}
		}
	}))
	before = step.catch(() => {}) // storage may be disabled or full
	return step
}

const maxTasks = 1000

/**
 * Returns what is kept of the tasks, in the order in which it is shown: the open ones in the person's own order, then those that are done.
 * @param {(SeenTask & import('./position.js').Placed)[]} tasks
 * @returns {SeenTask[]}
 */
export const seenOf = tasks => tasks
	.filter(task => task.id > 0) // the server has the others not yet
	.sort((a, b) => Number(a.completed) - Number(b.completed) || byPosition(a, b))
	.slice(0, maxTasks)
	.map(({ id, title, description, completed, due_on, created_at }) => ({ id, title, description: description ?? null, completed, due_on: due_on ?? null, created_at }))

/** Replaces the record. @param {LastSeen} seen */
export const saveLastSeen = seen => inTurn('readwrite', store => store.put(seen, only)).catch(() => clearLastSeen())

/** Deletes the record. */
export const clearLastSeen = () => inTurn('readwrite', store => store.delete(only)).catch(() => {})

/** @returns {Promise<LastSeen|null>} null if there is none, or if the session has expired meanwhile */
export async function loadLastSeen() {
	const seen = await inTurn('readonly', store => /** @type {IDBRequest<LastSeen|undefined>} */ (store.get(only))).catch(() => undefined)
	if (!seen) return null
	if (Date.now() < seen.until) return seen
	void clearLastSeen()
	return null
}
