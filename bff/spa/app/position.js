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

/**
 * Where a task is, for one that moves beside it. The server has not placed a task yet that it has not created.
 * @typedef {{ position?: string|null, created_at: string, id: number }} Placed
 */

/** The order that sort=position of the API has. @param {Placed} a @param {Placed} b */
export function byPosition(a, b) {
	const [x, y] = [positionOf(a), positionOf(b)]
	if (x !== y) return x < y ? -1 : 1
	return a.id && b.id ? a.id - b.id : a.created_at > b.created_at ? -1 : 1
}

/**
 * Returns n positions between two others, in order, or undefined if there is no room.
 * @param {string} before @param {string|undefined} after @param {number} n
 * @returns {string[]|undefined}
 */
function several(before, after, n) {
	if (n === 0) return []
	const middle = between(before, after)
	if (middle === undefined) return undefined
	const half = n >> 1
	const left = several(before, middle, half)
	const right = several(middle, after, n - 1 - half)
	return left && right && [...left, middle, ...right]
}

const mostMoved = 50 // tasks that make room for one

/**
 * Returns the positions that put a moved task in front of others[at], or at the end. Normally it is one. If there is no room
 * there, the fewest neighbours get new positions too. Returns undefined if that would be more than 50.
 * @template {Placed} T
 * @param {T[]} others all other tasks, in their order
 * @param {number} at
 * @param {number} now the time, in ms
 * @returns {{ moved: string, others: [T, string][] } | undefined}
 */
export function placeAt(others, at, now) {
	/** @param {number} i */
	const position = i => {
		const task = others[i]
		// The server will place a new task by the time when it creates it. That is about now.
		return task && (task.id || task.position ? positionOf(task) : firstPosition(now))
	}
	const top = firstPosition(now) // tasks that are created later must still come first
	const first = position(0)
	if (at === 0 && (first === undefined || top < first)) return { moved: top, others: [] }
	for (let n = 0; n <= mostMoved; n++) {
		for (const [from, to] of [[at - n, at], [at, at + n]]) {
			if (from === undefined || to === undefined || from < 0 || to > others.length) continue
			const found = several(position(from - 1) ?? '', position(to), n + 1)
			if (!found) continue
			const moved = found.splice(at - from, 1)[0] ?? ''
			return { moved, others: others.slice(from, to).map((task, i) => [task, found[i] ?? '']) }
		}
	}
	return undefined
}
