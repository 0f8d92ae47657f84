// One task in the list.
import { useState } from '../vendor/hooks.js'
import { html } from './html.js'
import { discard, edit, remove, toggle } from './tasks.js'
import { Icon } from './ui.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** Moves the focus to another row when the focused row disappears. @param {HTMLElement} from */
function focusNext(from) {
	const item = from.closest('li')
	const next = item?.nextElementSibling ?? item?.previousElementSibling
	const target = next?.querySelector('input') ?? document.getElementById('content')
	if (target instanceof HTMLElement) target.focus()
}

/** @param {{ task: Shown, show: string }} props */
export function Row({ task, show }) {
	const id = 'task-' + task.key
	const [open, setOpen] = useState(false) // the buttons are shown: only touch devices need to ask
	return html`<div class=${'task' + (open ? ' open' : '') + (task.completed ? ' done' : '') + (task.unsaved ? ' ' + task.unsaved : '')}>
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
		<button type="button" class="quiet square more" id=${id + '-more'} aria-label="More" aria-labelledby=${`${id}-more ${id}`} aria-expanded=${String(open)} onClick=${() => setOpen(!open)}><${Icon} name="more" /></button>
		<button type="button" class="quiet square act" id=${id + '-edit'} aria-label="Edit" aria-labelledby=${`${id}-edit ${id}`} data-act="edit" onClick=${() => edit(task)}><${Icon} name="pencil" /></button>
		<button type="button" class="quiet square act" id=${id + '-delete'} aria-label="Delete" aria-labelledby=${`${id}-delete ${id}`} data-act="delete" onClick=${(/** @type {{ currentTarget: HTMLElement }} */ event) => {
			focusNext(event.currentTarget)
			remove(task)
		}}><${Icon} name="trash" /></button>
	</div>`
}
