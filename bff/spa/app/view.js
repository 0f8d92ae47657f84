// What the tasks page lists, in which order, and how the address says so.
import { isForToday, isOverdue } from './due.js'
import { byPosition } from './position.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** @type {[name: string, label: string, has: (task: Shown, today: string) => boolean][]} */
export const filters = [
	['open', 'Open', task => !task.completed],
	['today', 'Today', isForToday],
	['overdue', 'Overdue', isOverdue],
	['done', 'Done', task => task.completed],
	['all', 'All', () => true],
]
const byTitle = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
/** @type {Record<string, [label: string, order: (a: Shown, b: Shown) => number]>} */
export const orders = {
	mine: ['My order', byPosition],
	due: ['By due date', (a, b) => order(a.due_on ?? '~', b.due_on ?? '~') || byPosition(a, b)],
	newest: ['Newest first', (a, b) => order(b.created_at, a.created_at) || b.id - a.id],
	oldest: ['Oldest first', (a, b) => order(a.created_at, b.created_at) || a.id - b.id],
	changed: ['Last changed', (a, b) => order(b.updated_at, a.updated_at) || b.id - a.id],
	title: ['By title', (a, b) => byTitle.compare(a.title, b.title) || a.id - b.id],
}
const order = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0)

/** @param {string} query */
export function read(query) {
	const params = new URLSearchParams(query)
	const show = params.get('show') ?? 'open'
	const sort = params.get('sort') ?? 'mine'
	return {
		show: filters.some(([name]) => name === show) ? show : 'open',
		sort: Object.hasOwn(orders, sort) ? sort : 'mine',
		q: params.get('q') ?? '',
	}
}

/** @param {{ show: string, sort: string, q: string }} view */
export function address({ show, sort, q }) {
	const params = new URLSearchParams()
	if (show !== 'open') params.set('show', show)
	if (q) params.set('q', q)
	if (sort !== 'mine') params.set('sort', sort)
	const query = params.toString()
	return '/tasks' + (query && '?' + query)
}
