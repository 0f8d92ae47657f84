// Printing: the window shows a part of the list only, so a sheet with all of it is added to the
// document while it is printed. Nothing on the screen changes.
import { useLayoutEffect } from '../vendor/hooks.js'
import { render } from '../vendor/preact.js'
import { fullDay } from './due.js'
import { html } from './html.js'
import { session } from './session.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** @type {null | (() => import('../vendor/preact.js').Child)} */
let content = null
const sheet = document.createElement('div')
sheet.className = 'sheet'

function add() {
	if (!content || sheet.isConnected || session.get().state !== 'in') return
	render(content(), sheet) // at once: the browser does not wait for a later render
	document.body.append(sheet)
}

function remove() {
	sheet.remove()
	render(null, sheet)
}

addEventListener('beforeprint', add)
addEventListener('afterprint', remove)
// Some browsers, and the tools of developers, only switch the medium.
matchMedia('print').addEventListener('change', event => (event.matches ? add() : remove()))

/**
 * @param {Shown[]} items in the order in which they are shown
 * @param {string} about what is listed
 */
export function usePrint(items, about) {
	useLayoutEffect(() => {
		content = () => html`<h1>Tasks</h1><p>${about}</p><ul>${items.map(
			task => html`<li key=${task.key} class=${task.completed ? 'done' : ''}>
				<p class="title" dir="auto">${task.title}</p>
				${task.description && html`<p class="description" dir="auto">${task.description}</p>`}
				${task.due_on && html`<p class="due">Due: ${fullDay(task.due_on)}</p>`}
			</li>`,
		)}</ul>`
		return () => void (content = null)
	})
}
