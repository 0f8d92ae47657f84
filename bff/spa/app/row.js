// One task in the list.
import { useState } from '../vendor/hooks.js'
import { DueDay } from './dates.js'
import { html } from './html.js'
import { discard, edit, remove, toggle } from './tasks.js'
import { Linked } from './text.js'
import { Icon } from './ui.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/**
 * Moves the focus to another row when the focused row disappears. After the last row it is the heading: a text field
 * would bring up the keyboard of a phone.
 * @param {Element} from
 * @param {FocusOptions} [how]
 */
export function focusNext(from, how) {
	const item = from.closest('li')
	const next = item?.nextElementSibling ?? item?.previousElementSibling
	const target = next?.querySelector('input') ?? document.getElementById('content')
	if (target instanceof HTMLElement) target.focus(how)
}

/**
 * @typedef {{ start: (event: PointerEvent & { currentTarget: HTMLElement }) => void, step: (by: 1|-1) => void }} Moving
 */

/** Arrow keys move the task: at the handle alone, elsewhere in the row with Alt. @param {KeyboardEvent} event @param {Moving|undefined} moving */
function arrows(event, moving) {
	const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
	const atHandle = event.target instanceof Element && event.target.matches('[data-act=move]')
	if (!moving || !by || event.ctrlKey || event.metaKey || event.shiftKey || (!event.altKey && !atHandle)) return
	event.preventDefault()
	moving.step(by)
}

/** @param {{ task: Shown, show: string, moving: Moving|undefined }} props moving: only where the order is the person's own */
export function Row({ task, show, moving }) {
	const id = 'task-' + task.key
	const [open, setOpen] = useState(false) // the buttons are shown: only touch devices need to ask
	const [keys, setKeys] = useState(false) // a keyboard is in the row. CSS cannot say so: between two buttons neither has the focus, and a hidden one does not take it
	return html`<div class=${'task' + (open || keys ? ' open' : '') + (task.completed ? ' done' : '') + (task.unsaved ? ' ' + task.unsaved : '')} onKeyDown=${(/** @type {KeyboardEvent} */ event) => arrows(event, moving)}
		onFocusIn=${(/** @type {FocusEvent} */ event) => event.target instanceof Element && event.target.matches(':focus-visible') && setKeys(true)}
		onFocusOut=${(/** @type {FocusEvent & { currentTarget: HTMLElement }} */ event) => event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget) && setKeys(false)}>
		${moving && html`<button type="button" class="quiet handle" id=${id + '-move'} aria-label="Move" aria-labelledby=${`${id}-move ${id}`} aria-keyshortcuts="ArrowUp ArrowDown" data-act="move" title="Drag, or press ↑ or ↓"
			onPointerDown=${moving.start}><${Icon} name="grip" /></button>`}
		<input type="checkbox" checked=${task.completed} aria-labelledby=${id} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => {
			if (show !== 'all') focusNext(event.currentTarget) // the row leaves this list
			toggle(task)
		}} />
		<div class="words" onClick=${() => !String(getSelection()) && edit(task)}>
			<p class="title" id=${id} dir="auto">${task.title}</p>
			${task.description && html`<p class="description" dir="auto"><${Linked} text=${task.description} /></p>`}
			<${DueDay} task=${task} />
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
