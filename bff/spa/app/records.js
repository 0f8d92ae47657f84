// What the server has, as far as this page knows. It works for all records with a number as id and
// the time of their last change. Words, the DOM and requests are elsewhere.
import { etagOf } from '../client/index.js'

/**
 * @template {import('../client/index.js').Task} R
 */
export function createRecords() {
	/** @type {Map<number, R>} */
	let base = new Map()
	// A record that was created here keeps the key of its row after the server has given it an id.
	/** @type {Map<string, number>} */
	const ids = new Map()
	/** @type {Map<number, string>} */
	const keys = new Map()
	/** @type {Map<number, string>} */
	const etags = new Map()
	/** @type {Set<number>} */
	let deleted = new Set() // a late answer or event must not bring deleted records back
	/** @type {R[]} */
	let unclaimed = [] // new records that may be our own, while the answer to our creation is missing
	// What changes while the list is read. It is never older than the list.
	/** @type {Map<number, R|null>|null} */
	let meanwhile = null

	/** @param {R} record */
	const setAside = record => (unclaimed = [...unclaimed.filter(r => r.id !== record.id), record])
	/** @param {R} record */
	const isOld = record => (base.get(record.id)?.updated_at ?? '') > record.updated_at

	/**
	 * Remembers a change until the list has been read, unless a newer one is known: the answer to
	 * a request of ours may overtake the events before it.
	 * @param {R} record
	 */
	function remember(record) {
		const known = meanwhile?.get(record.id)
		if (!known || known.updated_at <= record.updated_at) meanwhile?.set(record.id, record)
	}

	return {
		keyOf: (/** @type {number} */ id) => keys.get(id) ?? String(id),
		idOf: (/** @type {string} */ key) => ids.get(key) ?? Number(key),
		get: (/** @type {number} */ id) => base.get(id),
		has: (/** @type {number} */ id) => base.has(id),
		all: () => base.values(),
		count: () => base.size,
		versionOf: (/** @type {number} */ id) => etags.get(id),

		/** @param {string} key @param {number} id */
		name(key, id) {
			ids.set(key, id)
			keys.set(id, key)
		},

		/**
		 * The server reports a new or changed record.
		 * @param {R} record
		 * @param {boolean} making whether a creation is under way: a new record may be its result, and would be shown twice
		 * @returns {boolean} whether the base has changed
		 */
		report(record, making) {
			if (deleted.has(record.id)) return false
			remember(record)
			if (making && !base.has(record.id)) {
				setAside(record)
				return false
			}
			if (isOld(record)) return false
			if (base.get(record.id)?.updated_at !== record.updated_at) etags.delete(record.id)
			base.set(record.id, record)
			return true
		},

		/** Stores the record of an answer, with its version. @param {R} record */
		answer(record) {
			if (deleted.has(record.id) || isOld(record)) return
			const etag = etagOf(record)
			base.set(record.id, record)
			remember(record)
			if (etag) etags.set(record.id, etag)
			unclaimed = unclaimed.filter(r => r.id !== record.id)
		},

		/** @param {number} id */
		remove(id) {
			deleted.add(id)
			meanwhile?.set(id, null)
			unclaimed = unclaimed.filter(r => r.id !== id)
			base.delete(id)
			etags.delete(id)
		},

		/** The database may have lost changes. Then new records get the ids of lost ones. */
		forgetDeleted() {
			deleted = new Set()
		},

		/** @returns {R[]} the records that were set aside, which nobody has claimed */
		takeUnclaimed() {
			const all = unclaimed
			unclaimed = []
			return all
		},

		/** The list is going to be read. */
		startReading() {
			return (meanwhile = new Map())
		},

		stopReading() {
			meanwhile = null
		},

		/**
		 * Replaces the base by the records of a list.
		 * @param {R[]} list
		 * @param {(record: R) => boolean} mayBeOurs whether a new record may be the result of a creation under way
		 * @param {Map<number, R|null>} [changes] what has changed since the reading began; without it, more of the list follows
		 */
		replace(list, mayBeOurs, changes) {
			const found = new Map(list.map(record => [record.id, record]))
			for (const [id, record] of changes ?? []) record ? found.set(id, record) : found.delete(id)
			for (const record of [...found.values()]) {
				if (base.has(record.id) || !mayBeOurs(record)) continue
				found.delete(record.id)
				setAside(record)
			}
			base = found
			if (changes) meanwhile = null
		},
	}
}
