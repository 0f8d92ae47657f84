// Changes the user's own order.
import { byPosition, placeAt } from './position.js'
import { say } from './words.js'
import { ops, shown, update, work } from './work.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** @param {Shown} task @param {string} position */
function setPosition(task, position) {
	// A second move before the first is sent replaces it.
	const open = ops().find(op => op.key === task.key && op.kind === 'update' && op.state === 'queued' && Object.keys(op.change).join() === 'position')
	if (!open) return void work()?.sync.push({ kind: 'update', key: task.key, change: { position }, before: task })
	open.change.position = position
	update()
}

/**
 * Moves a task to a place in a list. Tasks that are not in the list, but between its neighbours, may then be on either side.
 * @param {Shown} task
 * @param {Shown[]} list in the user's own order
 * @param {number} at its place, counted without the task itself
 * @returns {boolean} whether it has moved
 */
export function move(task, list, at) {
	const rest = list.filter(other => other.key !== task.key)
	if (at < 0 || at > rest.length || list[at]?.key === task.key) return false
	const others = shown().filter(other => other.key !== task.key).sort(byPosition)
	const place = (/** @type {Shown|undefined} */ neighbour) => others.findIndex(other => other.key === neighbour?.key)
	const found = placeAt(others, rest[at] ? place(rest[at]) : place(rest[at - 1]) + 1, Date.now())
	if (!found) {
		say.noRoom()
		return false
	}
	for (const [other, position] of found.others) setPosition(other, position)
	setPosition(task, found.moved)
	say.moved(task.title, at + 1, list.length)
	return true
}
