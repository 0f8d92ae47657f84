// Adds tasks. If the list does not show one of them, a notice has the way to it.
import { finder } from './fold.js'
import { navigate, route } from './route.js'
import { add, shown, tasks } from './tasks.js'
import { today } from './today.js'
import { announce } from './ui.js'
import { address, filters, read } from './view.js'
import { say } from './words.js'

/** @param {string} name @param {import('./tasks.js').Shown} task */
const has = (name, task) => filters.find(([filter]) => filter === name)?.[2](task, today.get()) === true

/** Opens a view that has the task, and gives its row the focus. @param {string} key */
function show(key) {
	const task = shown().find(task => task.key === key)
	if (!task) return // it was deleted meanwhile
	const view = read(route.get().query)
	navigate(address({ ...view, q: '', show: has(view.show, task) ? view.show : has('open', task) ? 'open' : 'all' }))
	tasks.merge({ wanted: key })
}

/**
 * @param {string[]} titles in the order in which they are to be listed
 * @param {string|null} due
 */
export function addTasks(titles, due) {
	// The newest is on top, so the last one is added first.
	const keys = [...titles].reverse().map(title => add(title, null, { due_on: due }))
	const { show: filter, q } = read(route.get().query)
	const finds = finder(q.trim())
	const hidden = shown().filter(task => keys.includes(task.key) && !(has(filter, task) && finds(task))).map(task => task.key)
	const first = keys.filter(key => hidden.includes(key)).at(-1)
	if (first) say.addedElsewhere(titles.length === 1 ? titles[0] ?? '' : titles.length, () => show(first))
	else if (titles.length > 1) announce(`Added ${titles.length} tasks.`)
}
