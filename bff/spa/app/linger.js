// A task that is completed stays in the list of open ones for a moment, crossed out. So a person
// sees what they have done, and the next row does not come under the pointer at once.
import { useEffect, useReducer, useRef } from '../vendor/hooks.js'

const lasting = 2_500 // ms

/** @typedef {import('./tasks.js').Shown} Shown */

/**
 * @param {Shown[]} all
 * @param {string} view another view begins without these tasks
 * @param {(key: string) => void} leaving called before a task leaves
 * @returns {Map<string, unknown>} the keys of the completed tasks that are still shown
 */
export function useLinger(all, view, leaving) {
	const [, again] = useReducer((/** @type {number} */ n) => n + 1, 0)
	const state = useRef({ view: '', open: /** @type {Set<string>} */ (new Set()), timers: /** @type {Map<string, ReturnType<typeof setTimeout>>} */ (new Map()) }).current
	const { timers } = state
	const stop = (/** @type {string} */ key) => {
		clearTimeout(timers.get(key))
		timers.delete(key)
	}
	if (state.view !== view) {
		for (const key of [...timers.keys()]) stop(key)
		state.open.clear()
		state.view = view
	}
	const open = new Set()
	for (const task of all) {
		if (!task.completed) {
			open.add(task.key)
			stop(task.key)
		} else if (state.open.has(task.key)) {
			timers.set(task.key, setTimeout(() => {
				leaving(task.key)
				stop(task.key)
				again(undefined)
			}, lasting))
		}
	}
	state.open = open
	useEffect(() => () => { for (const key of [...timers.keys()]) stop(key) }, [])
	return timers
}
