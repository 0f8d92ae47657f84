// Deletes all done tasks at once, with one Undo.
import { useState } from '../vendor/hooks.js'
import { html } from './html.js'
import { Dialog } from './ui.js'
import { offerClearUndo, say } from './words.js'
import { ops, work } from './work.js'

const asksAbove = 20
const most = 200 // at a time; each is a request

/** @typedef {import('./tasks.js').Shown} Shown */

/** @param {Shown[]} tasks */
function removeAll(tasks) {
	const here = work()
	if (!here) return
	const deleting = new Set(ops().filter(op => op.kind === 'delete').map(op => op.key))
	const made = new Set(tasks.filter(task => !deleting.has(task.key)).slice(0, most).map(task => here.sync.push({ kind: 'delete', key: task.key, change: {}, before: task, state: 'waiting' })))
	here.undo.makeRoom()
	const notice = offerClearUndo(made.size, { undo: () => here.undo.take(made)?.run(), over: () => [...made].forEach(op => here.sync.release(op)) })
	here.undo.add({
		of: made, // those that still wait: one may be changed elsewhere meanwhile
		notice,
		run() {
			const waiting = [...made].filter(op => op.state === 'waiting')
			for (const op of waiting) here.sync.drop(op)
			if (waiting.length) say.allBack(waiting.length)
			return waiting.length > 0
		},
	})
}

/** @param {{ tasks: Shown[] }} props */
export function ClearDone({ tasks }) {
	const [asking, setAsking] = useState(false)
	const n = Math.min(tasks.length, most)
	const run = () => {
		setAsking(false)
		removeAll(tasks)
		// Behind the dialog nothing takes the focus, and then the button that had it is gone.
		requestAnimationFrame(() => document.activeElement === document.body && document.getElementById('content')?.focus())
	}
	return html`<button type="button" class="small" onClick=${() => (tasks.length > asksAbove ? setAsking(true) : run())}>Clear done</button>
		${asking && html`<${Dialog} title=${`Delete ${n} done tasks?`} onClose=${() => setAsking(false)}>
			${tasks.length > most && html`<p class="lead">You have ${tasks.length}. ${most} can be deleted at a time.</p>`}
			<div class="actions"><button type="button" class="bad" onClick=${run}>Delete them</button><button type="button" onClick=${() => setAsking(false)}>Keep them</button></div>
		<//>`}`
}
