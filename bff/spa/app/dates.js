// When a task is due, and when it was created and changed.
import { useRef } from '../vendor/hooks.js'
import { addDays, dayWords, isOverdue } from './due.js'
import { html } from './html.js'
import { useStore } from './store.js'
import { today } from './today.js'
import { Icon } from './ui.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** @param {{ task: import('./due.js').Due }} props */
export function DueDay({ task }) {
	const now = useStore(today)
	if (!task.due_on) return null
	const late = isOverdue(task, now)
	return html`<p class=${late ? 'due overdue' : 'due'}><${Icon} name=${late ? 'late' : 'day'} /><span>${late && 'Overdue: '}<span class="unseen">${!late && 'Due: '}</span><time datetime=${task.due_on}>${dayWords(task.due_on, now)}</time></span></p>`
}

/**
 * The field for the day, with the days that people choose most.
 * @param {{ day: string, set: (day: string) => void, error: string|undefined }} props
 */
export function DueField({ day, set, error }) {
	const now = useStore(today)
	const field = useRef(/** @type {HTMLInputElement|null} */ (null))
	const choose = (/** @type {string} */ value) => {
		if (field.current) field.current.value = value // also takes a half-typed date away, which has the value ''
		set(value)
	}
	const choice = (/** @type {string} */ label, /** @type {string} */ value) => html`<button type="button" class="small" aria-pressed=${day === value ? 'true' : 'false'} onClick=${() => choose(value)}>${label}</button>`
	return html`<label for="edit-due">Due</label>
		<div class="day">
			<input ref=${field} type="date" id="edit-due" min="0001-01-01" max="9999-12-31" value=${day} aria-invalid=${error ? 'true' : undefined} aria-describedby=${error ? 'edit-due_on-error' : undefined}
				onInput=${(/** @type {{ target: HTMLInputElement }} */ event) => set(event.target.value)} />
			${choice('Today', now)}${choice('Tomorrow', addDays(now, 1))}${choice('None', '')}
		</div>`
}

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** @param {{ task: Shown }} props */
export function Times({ task }) {
	if (!task.id) return null // the server will say it
	const time = (/** @type {string} */ at) => html`<time datetime=${at}>${when.format(new Date(at))}</time>`
	return html`<p class="hint">Created ${time(task.created_at)}${task.updated_at !== task.created_at && html` · Changed ${time(task.updated_at)}`}</p>`
}
