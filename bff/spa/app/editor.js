// The form in which a task is edited, in place of its row.
import { useLayoutEffect, useRef, useState } from '../vendor/hooks.js'
import { DueDay, DueField, Times } from './dates.js'
import { isChanged } from './edit.js'
import { html } from './html.js'
import { composes, enters, submits } from './keys.js'
import { linksIn } from './links.js'
import { useStore } from './store.js'
import { cancel, save, takeTheirs, tasks, typed } from './tasks.js'
import { Linked } from './text.js'
import { Dialog } from './ui.js'

/** @typedef {import('./tasks.js').Shown} Shown */

/** The list shows the beginning of a description only, and a text field has no links. @param {{ text: string }} props */
function Links({ text }) {
	const links = linksIn(text).flatMap(part => (typeof part === 'string' ? [] : [part.text]))
	return links.length > 0 && html`<p class="links">${links.length === 1 ? 'Link' : 'Links'}: <${Linked} text=${links.join(' ')} /></p>`
}

/** @param {{ task: Shown }} props */
export function Editor({ task }) {
	const { edit: now } = useStore(tasks)
	const title = useRef(/** @type {HTMLTextAreaElement|null} */ (null))
	const [asking, ask] = useState(false)
	const refused = useRef(false) // only just now: correcting one field must not move the focus to the other
	useLayoutEffect(() => {
		const field = title.current
		field?.focus()
		field?.setSelectionRange(field.value.length, field.value.length)
	}, [])
	useLayoutEffect(() => {
		if (!refused.current) return
		refused.current = false
		const first = title.current?.form?.querySelector('[aria-invalid="true"]')
		if (first instanceof HTMLElement) first.focus()
	}, [now?.errors])
	if (!now) return null
	const back = () => {
		// The row that replaces the editor also takes the focus.
		requestAnimationFrame(() => requestAnimationFrame(() => {
			const button = document.querySelector(`[data-key="${CSS.escape(task.key)}"] [data-act="edit"]`)
			if (button instanceof HTMLElement && document.activeElement === document.body) button.focus()
		}))
	}
	const submit = (/** @type {Event} */ event) => {
		event.preventDefault()
		const day = title.current?.form?.querySelector('[type=date]')
		if (day instanceof HTMLInputElement && day.validity.badInput) {
			refused.current = true
			return typed({ errors: { ...now.errors, due_on: 'Enter the day, the month and the year, or choose None.' } })
		}
		refused.current = !save()
		if (!refused.current) back()
	}
	const stop = () => {
		cancel()
		back()
	}
	// Escape is easily pressed by mistake, or to close something else. Cancel is not.
	const key = (/** @type {KeyboardEvent} */ event) => {
		if (event.key === 'Escape' && !composes(event)) {
			event.preventDefault() // or it would also close the dialog that it opens
			isChanged(now) ? ask(true) : stop()
		}
		const { target } = event
		if (target instanceof HTMLTextAreaElement && (submits(event) || (target === title.current && enters(event)))) submit(event)
	}
	/** @param {'title'|'description'} name */
	const field = name => ({
		value: now[name],
		dir: 'auto',
		'aria-invalid': now.errors[name] ? 'true' : undefined,
		'aria-describedby': now.errors[name] ? `edit-${name}-error` : undefined,
		onInput: (/** @type {{ target: HTMLTextAreaElement }} */ event) => typed({ [name]: event.target.value, errors: { ...now.errors, [name]: '' } }),
	})
	const wrong = (/** @type {string} */ name) => now.errors[name] && html`<p class="error" id=${`edit-${name}-error`}>${now.errors[name]}</p>`
	return html`<form class="editor" onSubmit=${submit} novalidate onKeyDown=${key}>
		<label for="edit-title">Title</label>
		<textarea ref=${title} id="edit-title" rows="1" ...${field('title')}></textarea>
		${wrong('title')}
		<label for="edit-description">Description</label>
		<textarea id="edit-description" rows="3" ...${field('description')}></textarea>
		${wrong('description')}
		<${Links} text=${now.description} />
		<${DueField} day=${now.due_on} error=${now.errors['due_on']} set=${(/** @type {string} */ due_on) => typed({ due_on, errors: { ...now.errors, due_on: '' } })} />
		${wrong('due_on')}
		${now.theirs && html`<div class="conflict" role="alert">
			<p>${now.blind ? html`<b>The server has not accepted your change.</b> It says that the task was changed in the meantime. The text of the task is still:` : html`<b>This task was changed elsewhere.</b> Its text is now:`}</p>
			<blockquote dir="auto"><p class="title">${now.theirs.title}</p>${now.theirs.description && html`<p class="description">${now.theirs.description}</p>`}<${DueDay} task=${now.theirs} /></blockquote>
			<p>Your text above is not saved yet.</p>
		</div>`}
		<${Times} task=${task} />
		<div class="actions">
			<button type="submit" class="primary">${now.theirs ? 'Save mine' : 'Save'}</button>
			${now.theirs
				? html`<button type="button" onClick=${() => {
						takeTheirs()
						back()
					}}>${now.blind ? 'Discard mine' : 'Keep theirs'}</button>`
				: html`<button type="button" onClick=${stop}>Cancel</button>`}
		</div>
	</form>
	${asking && html`<${Dialog} title="Discard what you have typed?" onClose=${() => ask(false)}>
		<div class="actions"><button type="button" class="bad" onClick=${stop}>Discard</button><button type="button" autofocus=${true} onClick=${() => ask(false)}>Keep editing</button></div>
	<//>`}`
}
