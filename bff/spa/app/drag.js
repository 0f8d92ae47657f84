// Moves a row with the mouse, a finger or a pen, by its handle. The row follows the pointer, a line shows
// where it will be, and near the edges of the window the page scrolls. Escape puts the row back.
import { createStore } from './store.js'

const edge = 80 // px from the top or bottom of the window, where the page scrolls
const fastest = 20 // px per frame
const least = 4 // px; a smaller movement is a click

/** The key of the row that is being moved, or ''. It must stay in the document. */
export const dragged = createStore('')

/**
 * @param {PointerEvent & { currentTarget: HTMLElement }} event pointerdown on the handle
 * @param {(next: string|undefined) => void} drop gets the key of the row before which the row was put; undefined: the end
 */
export function startDrag(event, drop) {
	const handle = event.currentTarget
	const row = handle.closest('li')
	const key = row?.dataset['key']
	if (!row || !key || event.button !== 0 || !event.isPrimary || dragged.get()) return
	event.preventDefault() // else the browser selects text
	handle.focus({ preventScroll: true })
	handle.setPointerCapture(event.pointerId)
	const begun = event.clientY
	const grip = begun - row.getBoundingClientRect().top
	const end = new AbortController()
	let y = begun
	let shift = 0
	let frame = 0
	/** @type {HTMLElement|null} */
	let line = null

	const begin = () => {
		dragged.set(key)
		row.classList.add('lifted')
		line = document.createElement('div')
		line.className = 'drop'
		document.body.append(line)
		follow()
	}

	const follow = () => {
		const speed = speedAt(y)
		if (speed) scrollBy({ top: speed, behavior: 'instant' })
		shift += y - grip - row.getBoundingClientRect().top
		row.style.translate = `0 ${shift}px`
		const { at } = target(row, y)
		const box = row.getBoundingClientRect()
		if (line && at !== undefined) Object.assign(line.style, { top: `${at - 1}px`, left: `${box.left}px`, width: `${box.width}px` })
		frame = requestAnimationFrame(follow)
	}

	const stop = () => {
		end.abort()
		cancelAnimationFrame(frame)
		row.classList.remove('lifted')
		row.style.translate = ''
		line?.remove()
		dragged.set('')
	}

	/** @param {(event: any) => void} run @returns {[(event: any) => void, AddEventListenerOptions]} */
	const mine = run => [other => other.pointerId === event.pointerId && run(other), { signal: end.signal }]
	addEventListener('pointermove', ...mine(({ clientY }) => {
		y = clientY
		if (!line && Math.abs(y - begun) >= least) begin()
	}))
	addEventListener('pointerup', ...mine(({ clientY }) => {
		y = clientY
		const found = line && row.isConnected ? target(row, y) : null
		stop()
		if (found) drop(found.next)
	}))
	addEventListener('pointercancel', ...mine(stop))
	addEventListener('keydown', other => {
		if (other.key !== 'Escape') return
		other.preventDefault()
		other.stopPropagation()
		stop()
	}, { signal: end.signal, capture: true })
}

/** @param {number} y @returns {number} px per frame; negative: up */
function speedAt(y) {
	const top = (document.querySelector('header')?.getBoundingClientRect().bottom ?? 0) + edge
	const bottom = innerHeight - edge
	const part = y < top ? (y - top) / edge : y > bottom ? (y - bottom) / edge : 0
	return Math.round(fastest * Math.max(-1, Math.min(1, part)))
}

/**
 * Returns the key of the row before which a row would be dropped, and where the line between the two is.
 * @param {HTMLElement} row
 * @param {number} y
 * @returns {{ next: string|undefined, at: number|undefined }}
 */
function target(row, y) {
	let at
	for (const other of row.parentElement?.children ?? []) {
		if (other === row || !(other instanceof HTMLElement)) continue
		const box = other.getBoundingClientRect()
		if (y < box.top + box.height / 2) return { next: other.dataset['key'], at: box.top }
		at = box.bottom
	}
	return { next: undefined, at }
}
