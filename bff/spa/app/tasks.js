// What a person does with their tasks. work.js connects it with everything else.
import { isChanged } from './edit.js'
import { toasts } from './ui.js'
import { offerDeletionUndo, say } from './words.js'
import { isIn, ops, start, tasks, update, work } from './work.js'

export { textErrors } from './words.js'
export { shown, tasks } from './work.js'

/**
 * @typedef {import('./work.js').Shown} Shown
 * @typedef {import('./edit.js').Edit} Edit
 */

/** @param {string} title @param {string|null} [description] @param {{ due_on?: string|null }} [more] */
export const add = (title, description, more) => work()?.add(title, description, more)

/** @param {Shown} task */
export function toggle(task) {
	const completed = !task.completed
	// A second click before the first is sent undoes the first.
	const open = ops().find(op => op.key === task.key && op.kind === 'update' && op.state === 'queued' && op.change.completed !== undefined && op.change.title === undefined)
	if (open) {
		open.change.completed = completed
		update()
	} else {
		work()?.sync.push({ kind: 'update', key: task.key, change: { completed }, before: task })
	}
	say.completed(task, completed)
}

/** @param {Shown} task */
export function remove(task) {
	const here = work()
	if (!here || ops().some(op => op.key === task.key && op.kind === 'delete')) return
	const op = here.sync.push({ kind: 'delete', key: task.key, change: {}, before: task, state: 'waiting' })
	here.offers.set(op, offerDeletionUndo(task, { undo: () => op.state === 'waiting' && here.sync.drop(op), over: () => here.sync.release(op) }))
}

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

// Ask before the page closes if something would be lost. Listen only then: some browsers do
// not keep a page for "back" if it has a beforeunload listener.
const lostWithPage = () => unsent() || ops().some(op => op.state !== 'waiting' && !op.sent)
/** @param {Event} event */
const ask = event => lostWithPage() && event.preventDefault()
const watchEnd = () => (lostWithPage() ? addEventListener('beforeunload', ask) : removeEventListener('beforeunload', ask))
tasks.follow(watchEnd)
toasts.follow(watchEnd)
