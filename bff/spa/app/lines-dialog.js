// Asks what becomes of several pasted lines.
import { useMemo } from '../vendor/hooks.js'
import { addTasks } from './added.js'
import { textErrors } from './check.js'
import { html } from './html.js'
import { linesOf, mostInField, mostLines } from './lines.js'
import { setDraft, tasks } from './tasks.js'
import { Dialog } from './ui.js'

/** @param {string} text */
function sort(text) {
	const lines = linesOf(text)
	/** @type {string[]} */
	const good = []
	/** @type {[line: string, why: string][]} */
	const bad = []
	for (const line of lines.slice(0, mostLines)) {
		const { title: why } = textErrors(line, '')
		why ? bad.push([line, why]) : good.push(line)
	}
	return { count: lines.length, good, bad }
}

/** @param {{ text: string, due: string|null, asOne: () => void, close: () => void }} props */
export function Lines({ text, due, asOne, close }) {
	const { count, good, bad } = useMemo(() => sort(text), [text])
	const many = count > mostLines
	const can = !many && good.length > 0
	const fits = text.length <= mostInField
	const addAll = () => {
		close()
		addTasks(good, due)
		if (fits && bad.length) setDraft([tasks.get().draft, ...bad.map(([line]) => line)].filter(Boolean).join('\n'))
	}
	const [first = '', why = ''] = bad[0] ?? []
	const rest = can ? (fits ? ' and will stay in the field' : ' and will not be added') : ''
	return html`<${Dialog} title=${can ? `Add ${good.length} ${good.length === 1 ? 'task' : 'tasks'}?` : fits ? 'Paste as one task?' : 'This text is too long'} onClose=${close}>
		${can ? html`<p class="lead">You have pasted ${count} lines.</p>` : many && html`<p class="lead">You have pasted ${count} lines. At most ${mostLines} can become tasks at a time.</p>`}
		${!many && bad.length > 0 && html`<p class="error">${bad.length === 1 ? '1 line' : `${bad.length} lines`} cannot become a task${rest}: “<bdi>${first.length > 40 ? first.slice(0, 40) + '…' : first}</bdi>” ${why}</p>`}
		<div class="actions">
			${can && html`<button type="button" class="primary" onClick=${addAll}>${good.length === 1 ? 'Add 1 task' : `Add ${good.length} tasks`}</button>`}
			${fits && html`<button type="button" onClick=${asOne}>As one task</button>`}
			<button type="button" onClick=${close}>Cancel</button>
		</div>
	<//>`
}
