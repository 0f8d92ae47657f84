// Positions of the user's own order (docs/api.md, "Own order"): hexadecimal digits, compared
// byte by byte, which do not end in 0. So they are fractions without their "0.", and between
// any two there is another one.
import { maxPosition } from './limits.js'

const never = 2 ** 48 - 1

/**
 * Returns where a task is that was created at a time and never moved: in front of those that
 * were created earlier. With the present time it is in front of all that were never moved.
 * @param {string|number|Date} created
 */
export const firstPosition = created => (never - new Date(created).getTime()).toString(16).padStart(12, '0') + '8'

/** @param {{ position?: string|null, created_at: string }} task */
export const positionOf = task => task.position ?? firstPosition(task.created_at)

/**
 * Returns a position between two others, or undefined if there is none: they are equal or in
 * the wrong order, or it would be too long. Then give the tasks around it new positions.
 * @param {string} before '': there is no task before
 * @param {string} [after] undefined: there is no task after
 */
export function between(before, after) {
	if (after !== undefined && before >= after) return undefined
	let text = ''
	let free = after === undefined // what follows may be anything: text is already before after
	for (let i = 0; i < maxPosition; i++) {
		const low = parseInt(before[i] ?? '0', 16)
		const high = free ? 16 : parseInt(after?.[i] ?? '0', 16)
		if (high - low > 1) return text + ((low + high) >> 1).toString(16)
		text += low.toString(16)
		if (high > low) free = true
	}
	return undefined
}
