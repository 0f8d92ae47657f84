// The field for a new task.
import { useRef } from '../vendor/hooks.js'
import { html } from './html.js'
import { enters } from './keys.js'
import { useStore } from './store.js'
import { add, refuseDraft, setDraft, tasks, textErrors } from './tasks.js'
import { Icon } from './ui.js'

export function AddForm() {
	const { draft, draftError } = useStore(tasks)
	const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null))
	const submit = (/** @type {Event} */ event) => {
		event.preventDefault()
		// Read the current text: a second click may come before the next render.
		const title = tasks.get().draft.trim()
		field.current?.focus()
		if (!title) return
		const { title: wrong } = textErrors(title, '')
		if (wrong) return refuseDraft(wrong)
		setDraft('')
		add(title)
	}
	return html`<form class="add" onSubmit=${submit} novalidate>
		<div class="box">
			<textarea ref=${field} rows="1" aria-label="New task" placeholder="Add a task" value=${draft} dir="auto" enterkeyhint="done"
				aria-invalid=${draftError ? 'true' : undefined} aria-describedby=${draftError ? 'draft-error' : undefined}
				onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ event) => setDraft(event.target.value)}
				onKeyDown=${(/** @type {KeyboardEvent} */ event) => enters(event) && submit(event)}></textarea>
			<button type="submit" class="primary"><${Icon} name="plus" /><span>Add</span></button>
		</div>
		<div role="alert">${draftError && html`<p class="error" id="draft-error">${draftError}</p>`}</div>
	</form>`
}
