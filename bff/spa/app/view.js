// What the tasks page lists, in which order, and how the address says so.

/** @typedef {import('./tasks.js').Shown} Shown */

export const filters = /** @type {const} */ ([
	['all', 'All'],
	['open', 'Open'],
	['done', 'Done'],
])
const byTitle = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
/** @type {Record<string, [label: string, order: (a: Shown, b: Shown) => number]>} */
export const orders = {
	newest: ['Newest first', (a, b) => order(b.created_at, a.created_at) || b.id - a.id],
	oldest: ['Oldest first', (a, b) => order(a.created_at, b.created_at) || a.id - b.id],
	changed: ['Last changed', (a, b) => order(b.updated_at, a.updated_at) || b.id - a.id],
	title: ['By title', (a, b) => byTitle.compare(a.title, b.title) || a.id - b.id],
}
const order = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0)

/** @param {string} query */
export function read(query) {
	const params = new URLSearchParams(query)
	const show = params.get('show') ?? 'all'
	const sort = params.get('sort') ?? 'newest'
	return {
		show: filters.some(([name]) => name === show) ? show : 'all',
		sort: Object.hasOwn(orders, sort) ? sort : 'newest',
		q: params.get('q') ?? '',
	}
}

/** @param {{ show: string, sort: string, q: string }} view */
export function address({ show, sort, q }) {
	const params = new URLSearchParams()
	if (show !== 'all') params.set('show', show)
	if (q) params.set('q', q)
	if (sort !== 'newest') params.set('sort', sort)
	const query = params.toString()
	return '/tasks' + (query && '?' + query)
}
