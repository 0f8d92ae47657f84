// Asks what becomes of several pasted lines.
import { html } from './html.js'
import { linesOf, mostLines } from './lines.js'
import { add, setDraft, tasks, textErrors } from './tasks.js'
import { announce, Dialog } from './ui.js'

/** @param {{ text: string, due: string|null, asOne: () => void, close: () => void }} props */
export function Lines({ text, due, asOne, close }) {
	const lines = linesOf(text)
	const bad = lines.filter(line => textErrors(line, '').title)
	const good = lines.filter(line => !bad.includes(line))
	const many = lines.length > mostLines
	const addAll = () => {
		close()
		// The newest is on top, so the last line is added first.
		for (const line of [...good].reverse()) add(line, null, { due_on: due })
		announce(`Added ${good.length} tasks.`)
		if (bad.length) setDraft([tasks.get().draft, ...bad].filter(Boolean).join('\n'))
	}
	const can = !many && good.length > 0
	return html`<${Dialog} title=${can ? `Add ${good.length} ${good.length === 1 ? 'task' : 'tasks'}?` : 'Paste as one task?'} onClose=${close}>
		${can ? html`<p class="lead">You have pasted ${lines.length} lines.</p>` : many && html`<p class="lead">You have pasted ${lines.length} lines. At most ${mostLines} can become tasks at a time.</p>`}
		${!many && bad.length > 0 && html`<p class="error">${bad.length === 1 ? '1 line is' : `${bad.length} lines are`} too long for a task${can && ' and will stay in the field'}: “<bdi>${bad[0]?.slice(0, 40)}…</bdi>” ${textErrors(bad[0] ?? '', '').title}</p>`}
		<div class="actions">
			${can && html`<button type="button" class="primary" onClick=${addAll}>${good.length === 1 ? 'Add 1 task' : `Add ${good.length} tasks`}</button>`}
			<button type="button" onClick=${asOne}>As one task</button>
			<button type="button" onClick=${close}>Cancel</button>
		</div>
	<//>`
}
