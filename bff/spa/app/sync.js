// Changes that the server has not confirmed yet (ops), and what is shown: the server's records (base)
// with the open changes applied. So a change is visible immediately. If the server refuses it, removing
// the op is the whole rollback. It works for all kinds of records. Words, the DOM and timers of the
// page are elsewhere.
//
// The rules:
//   - Changes to one record are sent one after the other. Records are created in the order in which they were
//     added. If one fails, the later ones do not wait for it: they would stay unsaved for as long as it fails. So
//     one that is repeated after later ones is newer than they are. Few requests are under way at a time.
//   - If a change may or may not have arrived (no answer, a busy server, an ended session), it is kept
//     and marked. It is sent again in its order, one at a time, and the first that fails stops the rest.
//     A creation keeps its Idempotency-Key, so that it happens only once.
//   - A deletion that another page has left is sent when the list is there and still has the record: the
//     browser may have sent it when that page closed.
//   - A refused change is rolled back, with the later ones of its record.
//   - attempt.js has the rules for changes that meet those of somebody else.
import { ApiError, NetworkError, newIdempotencyKey } from '../client/index.js'
import { createAttempts, isOpen } from './attempt.js'
import { createRecords } from './records.js'

const atOnce = 4 // a browser opens six connections to a server, and one is for the stream

/**
 * @template {import('../client/index.js').Task} R
 * @template {object} C
 * @param {import('./ops.js').Kind<R, C>} kind
 * @param {import('./ops.js').Listeners<R, C>} on
 * @param {{ isIn: () => boolean, now: () => number, pause: () => Promise<unknown> }} page whether the session is valid, the
 *   time, and the pause before a change that met another one is sent again
 */
export function createSync(kind, on, { isIn, now, pause }) {
	/** @typedef {import('./ops.js').Op<R, C>} Op */
	/** @type {import('./ops.js').Records<R>} */
	const records = createRecords()
	const attempts = createAttempts(kind, records, report, () => over)
	/** @type {Op[]} */
	let ops = []
	let entries = 0 // how often the person has logged in again
	let listed = false // whether the records are those of the whole list
	let over = false

	const making = () => ops.some(op => op.kind === 'create' && op.state === 'sending')

	/** @param {Pick<Op, 'kind'|'key'|'change'> & Partial<Op>} op */
	function push(op) {
		const made = { state: /** @type {Op['state']} */ ('queued'), ...op, idempotencyKey: newIdempotencyKey(), at: now() }
		ops.push(made)
		on.changed()
		pump()
		return made
	}

	const isRepeatedDeletion = (/** @type {Op} */ op) => op.kind === 'delete' && op.again === true

	/** Sends the queued changes whose turn has come. */
	function pump() {
		if (over) return
		const busy = new Set()
		let room = atOnce - ops.filter(op => op.state === 'sending').length
		let creates = making()
		let repeats = ops.some(op => op.again && op.state === 'sending')
		for (const op of ops) {
			const waits = (creates && op.kind === 'create') || (repeats && op.again) || (!listed && isRepeatedDeletion(op))
			// Also while this one waits for a repeat: it was added before the later ones.
			creates ||= op.kind === 'create' && op.state === 'queued'
			if (op.state === 'queued' && room > 0 && !waits && !busy.has(op.key)) {
				repeats ||= op.again === true
				room--
				void send(op)
			}
			busy.add(op.key)
		}
	}

	/** Goes on with changes that are sent again. */
	function repeated() {
		if (listed) ops = ops.filter(op => !(isRepeatedDeletion(op) && op.state === 'queued' && !records.has(records.idOf(op.key))))
		on.changed()
		pump()
	}

	/** @param {Op} op */
	async function send(op) {
		op.state = 'sending'
		on.changed()
		const entry = entries
		try {
			const arrived = await attempts.send(op)
			if (over) return
			if (!arrived) return void conflict(op)
			done(op)
		} catch (error) {
			if (over) return
			op.sent = false
			if (!(error instanceof ApiError || error instanceof NetworkError)) {
				op.state = 'failed'
				on.changed()
				throw error
			}
			failed(op, error, entry)
		}
		if (!making()) for (const record of records.takeUnclaimed()) report(record)
		pump()
	}

	/**
	 * @param {Op} op
	 * @param {ApiError | NetworkError} error
	 * @param {number} entry the value of entries when the op was sent
	 */
	function failed(op, error, entry) {
		if (error instanceof ApiError && error.status === 401) {
			// The person may have logged in again already. Then this answer belongs to an older request.
			op.state = entry !== entries && isIn() ? 'queued' : 'held'
			if (op.state === 'held') on.lost()
			return on.changed()
		}
		if (error instanceof NetworkError || isOpen(error)) {
			op.state = 'failed'
			op.notBefore = now() + ((error instanceof ApiError && error.retryAfter) || 0) * 1000
			// The others that are repeated would fail too.
			if (op.again) for (const o of ops) if (o.again && o.state === 'queued') o.state = 'failed'
			on.unsaved(op)
			return on.changed()
		}
		if (error.status === 412 && op.kind === 'update') return void conflict(op)
		const id = records.idOf(op.key)
		const before = records.get(id) ?? op.before
		ops = ops.filter(o => o.key !== op.key)
		if (error.status === 404 && op.kind !== 'create') records.remove(id)
		on.refused(op, error, before)
		on.changed()
	}

	/** The change has met another one. @param {Op} op */
	async function conflict(op) {
		const found = await attempts.compare(op)
		if (over || op.state !== 'sending') return
		if (found.what === 'arrived') done(op)
		else if (found.what === 'unknown') op.state = isIn() ? 'failed' : 'held'
		else if (found.what === 'again') {
			op.twice = true
			await pause() // the other side may still be making changes
			if (over || op.state !== 'sending') return
			op.state = isIn() ? 'queued' : 'held'
		} else {
			ops = ops.filter(o => o.key !== op.key)
			on.conflict(op, found.theirs, found.same)
		}
		on.changed()
		pump()
	}

	/** @param {Op} op */
	function done(op) {
		drop(op)
		if (op.again && !ops.some(o => o.again)) on.saved()
	}

	/** The server reports a new or changed record. @param {R} record */
	function report(record) {
		if (over || !records.report(record, making())) return
		on.reported(record)
		const deletion = ops.find(op => op.state === 'waiting' && records.idOf(op.key) === record.id)
		if (deletion?.before && kind.differs(deletion.before, record)) {
			ops = ops.filter(op => op !== deletion)
			on.notWaiting(deletion, 'changed')
		}
		on.changed()
	}

	/** The server reports that a record is deleted. @param {number} id */
	function reportDeleted(id) {
		const key = records.keyOf(id)
		records.remove(id)
		const ours = ops.some(op => op.key === key && op.kind === 'delete')
		ops = ops.filter(op => op.key !== key || op.kind === 'create')
		on.removed(id, key, ours)
		on.changed()
	}

	/** @param {Op} op */
	function drop(op) {
		ops = ops.filter(o => o !== op)
		on.changed()
	}

	/** @param {Op} op @param {'sent'|'held'} why */
	function stopWaiting(op, why) {
		if (op.state !== 'waiting') return
		op.state = why === 'sent' ? 'queued' : 'held'
		on.notWaiting(op, why)
	}

	return {
		records, push, pump, report, reportDeleted, drop, read: attempts.read,
		/** @returns {readonly Op[]} */
		ops: () => ops,

		/** Sends a change that could still be undone. @param {Op} op */
		release(op) {
			stopWaiting(op, 'sent')
			pump()
		},

		/** Sends all changes that could still be undone, at once: the page is closing. */
		flush() {
			for (const op of ops) {
				if (op.state !== 'waiting') continue
				stopWaiting(op, 'sent')
				void send(op)
			}
		},

		/** @param {string} key */
		discard(key) {
			ops = ops.filter(op => op.key !== key)
			on.changed()
		},

		/** Sends changes again, with the same Idempotency-Keys. @param {'failed'|'held'} state @param {(op: Op) => boolean} [which] */
		repeat(state, which = () => true) {
			for (const op of ops) if (op.state === state && which(op)) [op.state, op.again, op.twice] = ['queued', true, false]
			on.changed()
			pump()
		},

		/** The session has ended. */
		hold() {
			for (const op of ops) op.state === 'waiting' ? stopWaiting(op, 'held') : op.state === 'queued' && (op.state = 'held')
			on.changed()
		},

		/** The same person has logged in again. */
		entered: () => void entries++,

		/** Takes over the changes of a page that is gone. @param {Op[]} found */
		adopt(found) {
			ops = [...found.filter(op => !ops.some(o => o.idempotencyKey === op.idempotencyKey)), ...ops]
			repeated()
		},

		/** The records are those of the whole list now. */
		listed() {
			listed = true
			repeated()
		},

		/** Another page sends these changes. @param {string[]} keys their Idempotency-Keys */
		forget(keys) {
			ops = ops.filter(op => !keys.includes(op.idempotencyKey))
			on.changed()
		},

		/** Another person comes: nothing more is sent, and late answers are dropped. */
		end() {
			over = true
			ops = []
		},
	}
}
