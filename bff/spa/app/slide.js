// Rows move to their new places instead of jumping there, so that the eye can follow.
import { useLayoutEffect, useRef } from '../vendor/hooks.js'
import { dragged } from './drag.js'

const calm = matchMedia('(prefers-reduced-motion: reduce)')
const time = 180 // ms

/** @param {HTMLElement} row */
const topOf = row => row.getBoundingClientRect().top

/**
 * Call it while rendering, before anything in the document has changed, and after all effects that scroll.
 * @param {HTMLElement|null} list
 * @param {string} order changes with the order of the rows
 */
export function useMoves(list, order) {
	const last = useRef(order)
	const held = useRef('') // a row that was dragged until now is already at its place for the person
	const still = calm.matches || dragged.get() !== '' || held.current !== ''
	/** @type {Map<Element, number>} */
	const before = new Map()
	if (list && last.current !== order && !still) for (const row of list.children) if (row instanceof HTMLElement) before.set(row, topOf(row))
	useLayoutEffect(() => void (held.current = dragged.get()))
	useLayoutEffect(() => {
		last.current = order
		// Read all places before the first row is changed: the browser lays out the page only once.
		const moves = [...before].filter(([row]) => row.isConnected).map(([row, top]) => ({ row, by: top - topOf(/** @type {HTMLElement} */ (row)) }))
		for (const { row, by } of moves) {
			// Far away, a person would see only a flicker.
			if (Math.abs(by) > 1 && Math.abs(by) < innerHeight) row.animate([{ translate: `0 ${by}px` }, { translate: '0 0' }], { duration: time, easing: 'ease-out' })
		}
	}, [order])
}
