// The field for a new task.
import { useRef, useState } from '../vendor/hooks.js'
import { addTasks } from './added.js'
import { spaced, textErrors } from './check.js'
import { html } from './html.js'
import { enters } from './keys.js'
import { linesOf, mostInField } from './lines.js'
import { Lines } from './lines-dialog.js'
import { useStore } from './store.js'
import { refuseDraft, setDraft, tasks } from './tasks.js'
import { Icon } from './ui.js'

/** @param {{ due: string|null }} props due: when new tasks are due */
export function AddForm({ due }) {
	const { draft, draftError } = useStore(tasks)
	const [pasted, setPasted] = useState('')
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
		addTasks([title], due)
	}
	const paste = (/** @type {ClipboardEvent} */ event) => {
		const text = event.clipboardData?.getData('text/plain') ?? ''
		const isList = linesOf(text).length > 1
		if (!isList && text.length <= mostInField) return
		event.preventDefault()
		if (isList) setPasted(text)
		else refuseDraft(textErrors(text, '').title ?? `You can paste at most ${spaced(mostInField)} characters at once.`)
	}
	const asOne = () => {
		setPasted('')
		const here = field.current
		here?.setRangeText(pasted, here.selectionStart, here.selectionEnd, 'end')
		setDraft(here?.value ?? pasted)
	}
	return html`<form class="add" onSubmit=${submit} novalidate>
		<div class="box">
			<textarea ref=${field} rows="1" aria-label="New task" placeholder="Add a task" value=${draft} dir="auto" enterkeyhint="done"
				aria-invalid=${draftError ? 'true' : undefined} aria-describedby=${draftError ? 'draft-error' : undefined}
				onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ event) => setDraft(event.target.value)} onPaste=${paste}
				onKeyDown=${(/** @type {KeyboardEvent} */ event) => enters(event) && submit(event)}></textarea>
			<button type="submit" class="primary"><${Icon} name="plus" /><span>Add</span></button>
		</div>
		<div role="alert">${draftError && html`<p class="error" id="draft-error">${draftError}</p>`}</div>
	</form>
	${pasted && html`<${Lines} text=${pasted} due=${due} asOne=${asOne} close=${() => setPasted('')} />`}`
}
