// What a person does with their tasks. work.js connects it with everything else.
import { isChanged } from './edit.js'
import { inText } from './keys.js'
import { home, route } from './route.js'
import { toasts } from './ui.js'
import { offerCompletionUndo, offerDeletionUndo, say } from './words.js'
import { isIn, ops, shown, start, tasks, update, work } from './work.js'

export { shown, tasks } from './work.js'

/**
 * @typedef {import('./work.js').Shown} Shown
 * @typedef {import('./edit.js').Edit} Edit
 */

/** @param {string} title @param {string|null} [description] @param {{ due_on?: string|null }} [more] @returns {string} the key of its row */
export const add = (title, description, more) => work()?.add(title, description, more) ?? ''

/** @param {string} key */
const find = key => shown().find(task => task.key === key)

/** @param {Shown} task @param {boolean} completed */
function complete(task, completed) {
	// A second click before the first is sent undoes the first.
	const open = ops().find(op => op.key === task.key && op.kind === 'update' && op.state === 'queued' && op.change.completed !== undefined && op.change.title === undefined)
	if (open) {
		open.change.completed = completed
		update()
	} else {
		work()?.sync.push({ kind: 'update', key: task.key, change: { completed }, before: task })
	}
}

/**
 * A completion is sent at once: a tick counts everywhere as soon as it is seen, also if the page
 * crashes. Undo sends the opposite. So does a second click, and it needs no offer of its own.
 * @param {Shown} task
 */
export function toggle({ key }) {
	const here = work()
	const task = find(key)
	if (!here || !task) return
	const completed = !task.completed
	const second = here.undo.offered(key)
	here.undo.take(key)
	complete(task, completed)
	if (second) return void say.toggled(task, completed)
	here.undo.makeRoom()
	const notice = offerCompletionUndo(task, completed, () => undo(key))
	here.undo.add({
		of: key,
		notice,
		yields: true,
		run() {
			const now = find(key)
			if (now?.completed !== completed) return false // it is gone, or was changed elsewhere
			complete(now, !completed)
			restored(key)
			say.toggled(now, !completed)
			return true
		},
	})
}

/** @param {Shown} task */
export function remove(task) {
	const here = work()
	if (!here || ops().some(op => op.key === task.key && op.kind === 'delete')) return
	here.undo.makeRoom()
	const op = here.sync.push({ kind: 'delete', key: task.key, change: {}, before: task, state: 'waiting' })
	const notice = offerDeletionUndo(task, { undo: () => undo(op), over: () => here.sync.release(op) })
	here.undo.add({
		of: op,
		notice,
		run() {
			if (op.state !== 'waiting') return false
			here.sync.drop(op)
			restored(task.key)
			say.back(task)
			return true
		},
	})
}

/** @param {unknown} of */
const undo = of => work()?.undo.take(of)?.run() ?? false

/** Its row takes the focus. @param {string} key */
const restored = key => route.get().path === home && tasks.merge({ wanted: key })

// With Tab, the notices come only after the whole list, and only the latest is shown for long.
addEventListener('keydown', event => {
	if (event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
	if (inText(event) || document.querySelector('dialog[open]')) return
	for (let last; (last = work()?.undo.latest()); ) {
		if (route.get().path !== home && !last.notice.isOpen()) return // nobody would see what happens
		event.preventDefault()
		if (undo(last.of)) return
	}
})

/** @param {Shown} task */
export const edit = task => work()?.editor.open(task)

/** @param {Partial<Pick<Edit, 'title'|'description'|'due_on'|'errors'>>} part */
export function typed(part) {
	const { edit } = tasks.get()
	if (edit) tasks.merge({ edit: { ...edit, ...part } })
}

export const cancel = () => tasks.merge({ edit: null })

/** Keeps the other version. */
export function takeTheirs() {
	cancel()
	say.theirsKept()
}

/** Sends the edit. @returns {boolean} false if the text has errors */
export function save() {
	const title = work()?.editor.save() ?? null
	if (title) say.edited(title)
	return title !== null
}

/** Sends failed changes again, with the same Idempotency-Key. */
export function retryAll() {
	const here = work()
	here?.sync.repeat('failed')
	if (here && (here.live.isAway() || !here.live.isLive())) start()
}

/** @param {Shown} task */
export const discard = task => work()?.sync.discard(task.key)

/** @param {string} draft */
export const setDraft = draft => tasks.merge({ draft, draftError: '' })

/** @param {string} draftError */
export const refuseDraft = draftError => tasks.merge({ draftError })

/** Ends the stream before the server ends it. @returns {() => void} opens it again */
export function pauseStream() {
	work()?.live.stop()
	return () => void (isIn() && start())
}

/** Whether some change has not reached the server yet. */
export const unsaved = () => ops().some(op => op.state !== 'waiting')

/** Whether there is typed text that has not been sent. */
export function unsent() {
	const { draft, edit } = tasks.get()
	return Boolean(draft.trim()) || (edit !== null && isChanged(edit)) || toasts.get().some(t => t.kept)
}

/** Sends the deletions that could still be undone, and waits for all changes under way. */
export async function settle() {
	for (const op of ops()) if (op.state === 'waiting') work()?.sync.release(op)
	for (let i = 0; i < 100 && ops().some(op => op.state === 'sending' || op.state === 'queued'); i++) await new Promise(done => setTimeout(done, 30))
}

// Ask before the page closes if something would be lost: typed text, and changes that the queue does not
// keep. Listen only if that may be so: some browsers do not keep a page for "back" if it has a beforeunload
// listener. Whether the queue has stored all is known only a moment after a change.
const unsafe = () => ops().filter(op => op.state !== 'waiting' && !op.sent)
/** @param {Event} event */
const ask = event => (unsent() || (unsafe().length && !work()?.queue.holds(ops()))) && event.preventDefault()
const watchEnd = () => (unsent() || unsafe().length ? addEventListener('beforeunload', ask) : removeEventListener('beforeunload', ask))
tasks.follow(watchEnd)
toasts.follow(watchEnd)
