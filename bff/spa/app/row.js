// One task in the list.
import { html } from './html.js'
import { discard, edit, remove, toggle } from './tasks.js'
import { Icon } from './ui.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** Moves the focus to another row when the focused row disappears. @param {HTMLElement} from */
function focusNext(from) {
	const item = from.closest('li')
	const next = item?.nextElementSibling ?? item?.previousElementSibling
	const target = next?.querySelector('input') ?? document.querySelector('.add textarea')
	if (target instanceof HTMLElement) target.focus()
}

/** @param {{ task: Shown, show: string }} props */
export function Row({ task, show }) {
	const id = 'task-' + task.key
	return html`<div class=${'task' + (task.completed ? ' done' : '') + (task.unsaved ? ' ' + task.unsaved : '')}>
		<input type="checkbox" checked=${task.completed} aria-labelledby=${id} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => {
			if (show !== 'all') focusNext(event.currentTarget) // the row leaves this list
			toggle(task)
		}} />
		<div class="words" onClick=${() => !String(getSelection()) && edit(task)}>
			<p class="title" id=${id} dir="auto">${task.title}</p>
			${task.description && html`<p class="description" dir="auto">${task.description}</p>`}
			${task.unsaved === 'failed' && html`<p class="unsaved">Not saved <button type="button" class="link" onClick=${(/** @type {Event} */ event) => {
				event.stopPropagation()
				discard(task)
			}}>Discard</button></p>`}
		</div>
		<button type="button" class="quiet square" id=${id + '-edit'} aria-label="Edit" aria-labelledby=${`${id}-edit ${id}`} data-act="edit" onClick=${() => edit(task)}><${Icon} name="pencil" /></button>
		<button type="button" class="quiet square" id=${id + '-delete'} aria-label="Delete" aria-labelledby=${`${id}-delete ${id}`} data-act="delete" onClick=${(/** @type {{ currentTarget: HTMLElement }} */ event) => {
			focusNext(event.currentTarget)
			remove(task)
		}}><${Icon} name="trash" /></button>
	</div>`
}
