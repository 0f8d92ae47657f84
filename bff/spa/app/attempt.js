// One attempt to send a change, and what its outcome means. Words and the order of changes are elsewhere.
//
// A change of text is sent with the version that it began from (If-Match). If only something else has
// changed, it is sent once more with the current version, and after that the person must choose.
import { etagOf, NetworkError } from '../client/index.js'

/**
 * @template {import('../client/index.js').Task} R
 * @template {object} C
 * @param {import('./ops.js').Kind<R, C>} kind
 * @param {import('./ops.js').Records<R>} records
 * @param {(record: R) => void} report tells about a record that was read
 * @param {() => boolean} over whether another person has come
 */
export function createAttempts(kind, records, report, over) {
	/**
	 * The version that a change of text is based on: the one with the text that the person saw. null means that the text
	 * has changed. Lists and events do not contain versions, so a request may be needed.
	 * @param {import('./ops.js').Op<R, C>} op
	 * @param {number} id
	 */
	async function version(op, id) {
		const base = records.get(id)
		const known = records.versionOf(id)
		if (!op.blind && known && base && op.before && !kind.differs(base, op.before)) return known
		const record = await kind.read(id)
		if (!over()) records.answer(record)
		if (op.before && kind.differs(record, op.before)) return null
		return op.blind ? undefined : etagOf(record)
	}

	/** Reads one record with its version. @param {number} id @returns {Promise<R|null>} null if it cannot be read */
	async function read(id) {
		try {
			const record = await kind.read(id)
			if (over()) return null
			report(record)
			records.answer(record)
			return record
		} catch {
			return null // the next list will show it
		}
	}

	return {
		read,

		/** @param {import('./ops.js').Op<R, C>} op @returns {Promise<boolean>} false if the text has changed elsewhere */
		async send(op) {
			const id = records.idOf(op.key)
			const text = op.kind === 'update' && kind.hasText(op.change)
			op.sent = kind.outlasts(op.change) && !text
			if (op.kind === 'delete') {
				op.tried = true
				await kind.remove(id)
				if (!over()) records.remove(id)
				return true
			}
			const ifMatch = text ? await version(op, id) : undefined
			if (over()) return true
			if (ifMatch === null) return false
			op.sent = kind.outlasts(op.change)
			op.tried = true
			const record = await (op.kind === 'create' ? kind.create(op.change, op.idempotencyKey) : kind.update(id, op.change, ifMatch))
			if (over()) return true
			if (op.kind === 'create') records.name(op.key, record.id)
			records.answer(record)
			return true
		},

		/**
		 * Somebody else has changed the record, or its version was spoiled. With a proxy that rewrites ETags every version
		 * looks old, so a change is sent again only once.
		 * @param {import('./ops.js').Op<R, C>} op
		 * @returns {Promise<{ what: 'unknown' } | { what: 'arrived' } | { what: 'again' } | { what: 'choose', theirs: R, same: boolean }>}
		 *   arrived: the record has what the change wants; only its answer was lost
		 */
		async compare(op) {
			const theirs = await read(records.idOf(op.key))
			if (!theirs) return { what: 'unknown' }
			if (Object.entries(op.change).every(([name, value]) => (Object(theirs)[name] ?? null) === (value ?? null))) return { what: 'arrived' }
			const same = op.before !== undefined && !kind.differs(op.before, theirs)
			return same && !op.twice ? { what: 'again' } : { what: 'choose', theirs, same }
		},
	}
}

/**
 * Whether the change may have arrived, or may be accepted later.
 * @param {import('../client/index.js').ApiError | NetworkError} error
 */
export const isOpen = error => error instanceof NetworkError || error.code === 'INVALID_RESPONSE' || error.status >= 500 || [408, 409, 429].includes(error.status)
