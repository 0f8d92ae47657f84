// Sends failed changes again by itself when the network or the server is back. The bounds: one attempt
// for each time that the network returns or the stream opens, after a random pause and not before the
// server's Retry-After; a change is repeated at most 20 times, and only in its first 23 hours.
import { paced, spread } from './pace.js'

const pause = 2_000 // ms; so that not all tabs and devices send at the same moment
const most = 20
// The server keeps an Idempotency-Key for 24 hours. Later, a creation could happen twice, so a
// person must ask for it.
const longest = 23 * 3_600_000 // ms

/**
 * @template R, C
 * @param {{ ops: () => readonly import('./ops.js').Op<R, C>[], repeat: (state: 'failed', which: (op: import('./ops.js').Op<R, C>) => boolean) => void }} sync
 * @param {{ isIn: () => boolean, now: () => number }} page
 */
export function createResend(sync, { isIn, now }) {
	/** @type {ReturnType<typeof setTimeout>|undefined} */
	let timer
	let over = false

	/** @param {import('./ops.js').Op<R, C>} op */
	const may = op => (op.repeats ?? 0) < most && now() - op.at < longest

	const later = paced(() => {
		const first = sync.ops().find(op => op.state === 'failed' && may(op))
		if (!first || over) return
		clearTimeout(timer)
		timer = setTimeout(go, Math.max(spread(pause), (first.notBefore ?? 0) - now()))
	})

	function go() {
		if (over || !isIn()) return
		sync.repeat('failed', op => {
			if (!may(op)) return false
			op.repeats = (op.repeats ?? 0) + 1
			return true
		})
	}

	return {
		/** Whether a change may be repeated without a person asking for it. */
		may,
		/** The network or the server is back. */
		later,
		end() {
			over = true
			clearTimeout(timer)
		},
	}
}
