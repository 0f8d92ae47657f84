// Connects the parts of the tasks page, for one signed-in person at a time. sync.js has the changes that
// are not saved yet, records.js what the server has, live.js follows it, edit.js is the editor, life.js
// says when all this starts and stops, queue.js and resend.js keep changes and send them again, and
// words.js has the words.
import { createClient, newIdempotencyKey } from '../client/index.js'
import { textErrors } from './check.js'
import { createEditor, differs } from './edit.js'
import { followLife } from './life.js'
import { createLive } from './live.js'
import { paced, spread } from './pace.js'
import { createQueue } from './queue.js'
import { createResend } from './resend.js'
import { home, route } from './route.js'
import { load as loadSession, markLost, session } from './session.js'
import { shownOf } from './shown.js'
import { createStore } from './store.js'
import { createSync } from './sync.js'
import { clearNotices } from './ui.js'
import { createUndo } from './undo.js'
import { awayWords, say } from './words.js'

/**
 * @typedef {import('./words.js').Task} Task
 * @typedef {import('./words.js').Change} Change
 * @typedef {import('./words.js').Op} Op
 * @typedef {import('./edit.js').Edit} Edit
 * @typedef {Task & { key: string, unsaved: ''|'sending'|'failed' }} Shown
 * wanted: the key of a task whose row is to take the focus
 * @typedef {{ state: 'loading'|'ready'|'away', count: number, failed: number, live: boolean, cut: ''|'away'|'full', error: string, wanted: string, edit: Edit|null, draft: string, draftError: string, turn: number }} State
 */

/** @type {State} */
const empty = { state: 'loading', count: 0, failed: 0, live: false, cut: '', error: '', wanted: '', edit: null, draft: '', draftError: '', turn: 0 }
export const tasks = createStore(empty)

/** @type {ReturnType<typeof begin>|null} */
let mine = null
/** Everything of the signed-in person. */
export const work = () => mine
/** @type {Shown[]|null} */
let cachedRows = null

/** @returns {Shown[]} all tasks as they are shown, unordered */
export const shown = () => (cachedRows ??= mine ? shownOf(mine.sync.records, mine.sync.ops()) : [])

export const ops = () => mine?.sync.ops() ?? []

/** Something has changed. @param {Partial<State>} [part] */
export function update(part = {}) {
	cachedRows = null
	mine?.queue.keep(ops().map(stored))
	tasks.merge({ ...part, failed: ops().filter(op => op.state === 'failed').length, count: mine?.sync.records.count() ?? 0, turn: tasks.get().turn + 1 })
}

const onTasks = () => route.get().path === home

export const isIn = () => session.get().state === 'in'

/** @param {string} body */
const isShort = body => body.length < 4_000

/** @param {string} user */
function begin(user) {
	const client = createClient({
		userId: user,
		onSessionLost: () => mine?.client === client && markLost(),
		// Changes must arrive even if the page closes. Browsers allow that for 64 KiB at a time.
		fetch: (url, init) => session.fetch(url, { ...init, userId: user, keepalive: init?.method !== 'GET' && isShort(String(init?.body ?? '')) }),
	})
	const undo = createUndo()
	const sync = createSync(
		{
			create: (change, idempotencyKey) => client.createTask(asNew(change), { idempotencyKey }),
			update: (id, change, ifMatch) => client.updateTask(id, change, { ifMatch }),
			remove: id => client.deleteTask(id),
			read: id => client.fetchTask(id),
			hasText: change => change.title !== undefined,
			differs,
			outlasts: change => isShort(JSON.stringify(change)),
		},
		{
			changed: update,
			lost: markLost,
			saved: say.saved,
			unsaved: say.unsaved,
			reported: task => editor.reported(task),
			removed: (_, key, ours) => editor.removed(key, ours),
			notWaiting(op, why) {
				undo.over(op)
				if (why === 'changed') say.notDeleted(op.before?.title ?? '')
			},
			refused,
			conflict(op, theirs, same) {
				editor.reopen({ key: op.key, title: op.change.title ?? '', description: op.change.description ?? '', due_on: dueOf(op.change, op.before), from: theirs, errors: {}, theirs, blind: same })
				if (onTasks()) say.conflict(same) // the other pages have a notice
			},
		},
		{ isIn, now: Date.now, pause: () => new Promise(done => setTimeout(done, spread(300))) },
	)
	const editor = createEditor(
		{ get: () => tasks.get().edit, set: edit => tasks.merge({ edit }) },
		{
			...sync,
			exists: key => shown().some(task => task.key === key),
			push: (key, change, before, blind) => sync.push({ kind: 'update', key, change, before, blind }),
		},
		textErrors,
		{ offer: (edit, run) => say.offer(edit.title, run), gone: (title, description, due_on, was) => say.gone(was, () => add(title, description, { due_on })) },
	)
	const resend = createResend(sync, { isIn, now: Date.now })
	const live = createLive(client, sync, (task, change) => task.title === change.title, {
		update({ error, ...part }) {
			update(error === undefined ? part : { ...part, error: awayWords(error, tasks.get().state === 'ready') })
		},
		lost: markLost,
		opened: resend.later,
	})
	const queue = createQueue(user, { adopt: (/** @type {Op[]} */ found) => sync.adopt(found.map(adopted)), taken: sync.forget, yields: waited => document.visibilityState === 'hidden' || (!waited && !onTasks()) })

	let last = 0

	/** @param {string} title @param {string|null} [description] @param {{ due_on?: string|null }} [more] @returns {string} its key */
	function add(title, description = null, { due_on = null } = {}) {
		const key = 'new-' + newIdempotencyKey()
		// Until the server has answered, a new task counts as the newest. This device's clock
		// may be wrong; then the row would jump when the answer comes.
		last = Math.max(last + 1, Date.now())
		const time = `9999-12-31T23:59:59.${String(last).padStart(15, '0')}Z`
		sync.push({ kind: 'create', key, change: { title, description, due_on }, before: { id: 0, user_id: user, title, description, due_on, completed: false, created_at: time, updated_at: time } })
		say.added(title)
		return key
	}

	/** @param {Op} op @param {import('../client/index.js').ApiError} error @param {Task} [before] */
	function refused(op, error, before) {
		const why = error.fields['title'] ?? error.fields['description'] ?? error.fields['due_on'] ?? error.message
		const { title, description } = op.change
		const { draft } = tasks.get()
		if (op.kind === 'create') {
			if (!draft.trim()) tasks.merge({ draft: title ?? '', draftError: why })
			else say.notAdded(title ?? '', why, () => tasks.merge({ draft: [title, tasks.get().draft].filter(Boolean).join('\n'), draftError: '' }))
		} else if (error.status === 404) {
			if (op.kind === 'update' && title !== undefined) say.gone(before?.title ?? title, () => add(title, description, { due_on: dueOf(op.change, op.before) || null }))
		} else if (op.kind === 'update' && title !== undefined && before) {
			editor.reopen({ key: op.key, title, description: description ?? '', due_on: dueOf(op.change, before), from: before, errors: Object.keys(error.fields).length ? error.fields : { title: why }, theirs: null })
		} else {
			say.refused(why)
		}
	}

	return { client, add, sync, editor, live, queue, resend, undo }
}

/** The day that a change leaves. @param {Change} change @param {Task} [before] */
const dueOf = (change, before) => (change.due_on === undefined ? before?.due_on : change.due_on) ?? ''

/** Members without a value are left out. @param {Change} change */
const asNew = change => ({ title: '', ...Object.fromEntries(Object.entries(change).filter(([, value]) => value)) })

/** Only this page knows the keys of the tasks that it has created. @param {Op} op @returns {Op} */
function stored(op) {
	const id = mine?.sync.records.idOf(op.key)
	return id ? { ...op, key: String(id) } : op
}

/** A change that another page has left. @param {Op} op @returns {Op} */
function adopted(op) {
	const key = mine?.sync.records.keyOf(Number(op.key)) ?? op.key
	return { ...op, key: Number(op.key) ? key : op.key, state: !isIn() ? 'held' : mine?.resend.may(op) ? 'queued' : 'failed', again: true, sent: false, twice: false }
}

/** Removes everything of a person before the next one comes. */
function clear() {
	if (!mine) return
	mine.live.end()
	mine.resend.end()
	mine.undo.clear()
	mine.sync.end()
	mine.queue.end()
	mine = null
	clearNotices()
	cachedRows = null
	tasks.set({ ...empty, turn: tasks.get().turn + 1 })
}

export function start() {
	mine?.live.start()
	life.started()
}

const life = followLife(session, {
	enter(user) {
		clear()
		mine = begin(user)
		mine.queue.begin()
		start()
	},
	back() {
		mine?.sync.entered()
		mine?.sync.repeat('held')
		start()
	},
	lost() {
		mine?.live.stop()
		mine?.sync.hold()
	},
	out: clear,
	stop: () => mine?.live.stop(),
	makeRoom: () => mine?.live.isLive() && mine.live.stop(), // one that is still loading reads its list first
	closing() {
		mine?.sync.flush() // closing the page confirms the deletions that could still be undone
		mine?.queue.leave(ops().map(stored))
	},
	shown() {
		mine?.queue.shown()
		if (mine && !mine.live.runs()) start()
	},
	restored: () => void mine?.queue.back(),
	// When the network returns, all tabs and devices start at the same moment; so wait a random time.
	online: paced(() => void setTimeout(() => {
		if (mine?.live.isAway()) start()
		mine?.resend.later()
		if (session.get().state === 'away') void loadSession()
	}, spread(500))),
})
