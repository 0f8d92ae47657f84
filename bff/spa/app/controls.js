// The row of controls above the list: which tasks, a search, and the order.
import { useEffect, useRef, useState } from '../vendor/hooks.js'
import { html } from './html.js'
import { navigate, route } from './route.js'
import { Icon } from './ui.js'
import { address, filters, orders, read } from './view.js'

/**
 * The text in the search field. The address follows it after a moment.
 * @param {string} q the text in the address
 * @returns {[typed: string, search: (text: string) => void]}
 */
export function useSearch(q) {
	const [typed, setTyping] = useState(q)
	const timer = useRef(/** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined))
	const written = useRef(q) // the search text that the field below wrote to the address
	useEffect(() => {
		if (q === written.current) return // the typed text is newer
		written.current = q
		clearTimeout(timer.current)
		setTyping(q)
	}, [q])
	useEffect(() => () => clearTimeout(timer.current), [])
	const search = (/** @type {string} */ text) => {
		setTyping(text)
		clearTimeout(timer.current)
		timer.current = setTimeout(() => {
			const here = read(route.get().query)
			written.current = text.trim()
			navigate(address({ ...here, q: text.trim() }), { replace: Boolean(here.q) === Boolean(text.trim()) })
		}, 150)
	}
	return [q === written.current ? typed : q, search]
}

/** @param {{ view: { show: string, sort: string, q: string }, counts: Record<string, number>|null, typing: string, search: (text: string) => void }} props */
export const Controls = ({ view, counts, typing, search }) => html`<div class="controls">
	<nav class="filters" aria-label="Show">
		${filters.map(
			([name, label]) => html`<a key=${name} href=${address({ ...view, show: name })} aria-current=${view.show === name ? 'true' : undefined}>
				${label} <span class="count">${counts?.[name]}</span></a>`,
		)}
	</nav>
	<div class="box search">
		<${Icon} name="search" />
		<input type="search" aria-label="Search tasks" placeholder="Search" value=${typing} dir="auto" autocomplete="off"
			onInput=${(/** @type {{ target: HTMLInputElement }} */ event) => search(event.target.value)} />
	</div>
	<select aria-label="Order" value=${view.sort} onChange=${(/** @type {{ target: HTMLSelectElement }} */ event) => navigate(address({ ...view, sort: event.target.value }))}>
		${Object.entries(orders).map(([name, [label]]) => html`<option key=${name} value=${name}>${label}</option>`)}
	</select>
</div>`
