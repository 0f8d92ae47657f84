// A long list. Only the rows near the window are in the document. Rows have different
// heights, and a row that has not been measured yet counts with the average height.
import { useLayoutEffect, useReducer, useRef } from '../vendor/hooks.js'
import { html } from './html.js'
import { useMoves } from './slide.js'

const spare = 600 // px above and below the window

// Kept between pages: browsers restore the scroll position, and the same rows must be there.
/** @type {Map<string, number>} */
const heights = new Map()
let mean = 61

/**
 * @template {{ key: string }} T
 * @param {{ items: T[], view: string, label: string, row: (item: T) => unknown, pinned: string|undefined, wanted: string, long: unknown }} props
 *   view: identifies what is listed; the scroll position is kept while it does not change; pinned: the key of a row that always stays in the document, because it is being
 *   edited; wanted: the key of a row that takes the focus; long: is shown above a list whose last row is not in the document at first
 */
export function WindowList({ items, view, label, row, pinned, wanted, long }) {
	const list = useRef(/** @type {HTMLElement|null} */ (null))
	const focused = useRef('')
	const [, again] = useReducer((/** @type {number} */ n) => n + 1, 0)
	const redraw = () => again(undefined)

	const tops = new Float64Array(items.length + 1)
	items.forEach((item, i) => (tops[i + 1] = (tops[i] ?? 0) + (heights.get(item.key) ?? mean)))
	const total = tops[items.length] ?? 0

	const start = list.current ? -list.current.getBoundingClientRect().top : 0
	const from = start - spare
	const to = Math.max(0, start + innerHeight) + spare // also when it is far below: the keyboard must find its first rows
	/** @type {{ item: T, i: number }[]} */
	const near = []
	items.forEach((item, i) => {
		if (((tops[i + 1] ?? 0) >= from && (tops[i] ?? 0) <= to) || item.key === pinned || item.key === wanted || item.key === focused.current) near.push({ item, i })
	})

	// The row that must keep its place on the screen when the measured heights of rows above
	// it differ from the estimate.
	const seen = near.find(({ i }) => (tops[i] ?? 0) >= start)
	const anchor = useRef(/** @type {{ key: string, top: number }|null} */ (null))
	const listed = useRef(view)
	if (listed.current !== view) {
		listed.current = view
		anchor.current = null
	}
	const known = anchor.current && items.findIndex(item => item.key === anchor.current?.key)

	useLayoutEffect(() => {
		const element = list.current
		if (!element) return
		const measure = () => {
			let changed = false
			for (const child of element.children) {
				if (!(child instanceof HTMLElement) || !child.dataset['key']) continue
				const { height } = child.getBoundingClientRect()
				if (height && Math.abs((heights.get(child.dataset['key']) ?? 0) - height) > 0.5) {
					heights.set(child.dataset['key'], height)
					changed = true
				}
			}
			if (changed) {
				let sum = 0
				for (const height of heights.values()) sum += height
				mean = sum / heights.size
				redraw()
			}
		}
		measure()
		const sizes = new ResizeObserver(measure)
		for (const child of element.children) sizes.observe(child)
		return () => sizes.disconnect()
	})

	useLayoutEffect(() => {
		let frame = 0
		const moved = () => (frame ||= requestAnimationFrame(() => ((frame = 0), redraw())))
		addEventListener('scroll', moved, { passive: true })
		addEventListener('resize', moved, { passive: true })
		return () => {
			cancelAnimationFrame(frame)
			removeEventListener('scroll', moved)
			removeEventListener('resize', moved)
		}
	}, [])

	useLayoutEffect(() => {
		if (known !== null && known >= 0 && start > 0 && anchor.current) {
			const shift = (tops[known] ?? 0) - anchor.current.top
			if (Math.abs(shift) > 0.5) scrollBy({ top: shift, behavior: 'instant' })
		}
		anchor.current = seen && start > 0 ? { key: seen.item.key, top: tops[seen.i] ?? 0 } : null
	})

	useMoves(list.current, items.map(item => item.key).join())

	useLayoutEffect(() => {
		const row = wanted && list.current?.querySelector(`[data-key="${CSS.escape(wanted)}"]`)
		if (row) row.querySelector('input')?.focus()
	}, [wanted])

	const last = tops[items.length - 1] ?? 0
	return html`${long && last > innerHeight + spare && html`<p class="hint find">${long}</p>`}<ul class="tasks" ref=${list} aria-label=${label} style=${{ height: total + 'px' }}
		onFocusIn=${(/** @type {FocusEvent} */ event) => {
			const item = event.target instanceof Element ? event.target.closest('[data-key]') : null
			focused.current = item instanceof HTMLElement ? (item.dataset['key'] ?? '') : ''
		}}
		onFocusOut=${() => (focused.current = '')}>
		${near.map(
			({ item, i }) => html`<li key=${item.key} data-key=${item.key} aria-setsize=${items.length} aria-posinset=${i + 1} style=${{ transform: `translateY(${tops[i]}px)` }}>
				${row(item)}
			</li>`,
		)}
	</ul>`
}
