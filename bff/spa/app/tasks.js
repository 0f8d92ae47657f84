// The tasks of the signed-in person, and the changes that the server has not confirmed yet.
//
// The page shows the server's tasks (base) with the open changes (ops) applied. So a change
// is visible immediately. If the server refuses it, removing the op is the whole rollback.
// Changes to one task are sent one after the other.
//
// The rules:
//   - If a change may or may not have arrived (no answer, a busy server, an ended session),
//     it is kept and marked "not saved". It is sent again only when the person asks for it
//     or has logged in again. A new task keeps its Idempotency-Key, so that it is created
//     only once.
//   - A refused change is rolled back, and its text returns to the editor.
//   - An edit is sent with the version it began from (If-Match). If somebody else has
//     changed the text, both texts are shown. If only something else has changed, the edit
//     is sent once more, and after that the person is asked.
import { ApiError, createClient, etagOf, NetworkError, newIdempotencyKey } from '../client/index.js'
import { maxDescription, maxTitle } from './limits.js'
import { paced, spread } from './pace.js'
import { isStillValid, load as loadSession, markLost, session } from './session.js'
import { createStore } from './store.js'
import { announce, dismiss, clearNotices, inUse, toast, toasts } from './ui.js'

/**
 * @typedef {import('../client/index.js').Task} Task
 * @typedef {Omit<import('../client/index.js').TaskChange, 'id'|'user_id'|'created_at'|'updated_at'>} Change
 * @typedef {Task & { key: string, unsaved: ''|'sending'|'failed' }} Shown
 *
 * queued: will be sent in its turn. waiting: a deletion that can still be undone. failed: can be sent again on request.
 * held: the session ended; it is sent when the person has logged in again. sent: it arrives even if the page closes now.
 * again: it had failed or was held, so the person must hear when it is saved. twice: it was sent once more after a 412.
 * blind: it is sent without a version (see Edit).
 * @typedef {{ kind: 'create'|'update'|'delete', key: string, change: Change, idempotencyKey: string, before?: Task,
 *   state: 'queued'|'sending'|'waiting'|'failed'|'held', sent?: boolean, again?: boolean, twice?: boolean, blind?: boolean, timer?: ReturnType<typeof setTimeout>, toast?: number }} Op
 *
 * theirs: the current task, if the person must choose between the two texts. blind: the server has refused this edit as
 * outdated more than once, although theirs has the text that the person began from. So something between the page and the
 * server spoils the versions. If the person still wants to save, the edit is sent without a version.
 * @typedef {{ key: string, title: string, description: string, from: Task, errors: Record<string, string>, theirs: Task|null, blind?: boolean }} Edit
 * @typedef {{ state: 'loading'|'ready'|'away', count: number, failed: number, live: boolean, cut: ''|'away'|'full', error: string, edit: Edit|null, draft: string, draftError: string, turn: number }} State
 */

/** @type {State} */
const empty = { state: 'loading', count: 0, failed: 0, live: false, cut: '', error: '', edit: null, draft: '', draftError: '', turn: 0 }
export const tasks = createStore(empty)

/** How long a deletion can be undone. */
const undoFor = 6_000

/** @type {Map<number, Task>} */
let base = new Map()
/** @type {Op[]} */
let ops = []
// A task that was created here keeps the key of its row after the server has given it an id.
/** @type {Map<string, number>} */
let ids = new Map()
/** @type {Map<number, string>} */
let keys = new Map()
/** @type {Map<number, string>} */
let etags = new Map()
/** @type {Set<number>} */
let deletedIds = new Set() // a late answer or event must not bring deleted tasks back
/** @type {Task[]} */
let unclaimed = [] // new tasks that may be our own, while the answer to our creation is missing
let user = ''
/** @type {ReturnType<typeof createClient>|null} */
let client = null
/** @type {null | (() => void)} */
let stopWatching = null
let generation = 0 // of the stream
let reading = 0 // of the list
let entries = 0 // how often somebody has logged in
let ended = false // the session ended while the page was in use
let serial = 0

const keyOf = (/** @type {number} */ id) => keys.get(id) ?? String(id)
const idOf = (/** @type {string} */ key) => ids.get(key) ?? Number(key)

/** @type {Shown[]|null} */
let cachedRows = null

/** @returns {Shown[]} all tasks as they are shown, unordered */
export function shown() {
	if (cachedRows) return cachedRows
	/** @type {Map<string, Shown>} */
	const all = new Map()
	for (const task of base.values()) all.set(keyOf(task.id), { ...task, key: keyOf(task.id), unsaved: '' })
	for (const op of ops) {
		const unsaved = op.state === 'failed' || op.state === 'held' ? 'failed' : 'sending'
		const task = all.get(op.key)
		if (op.kind === 'delete') {
			if (op.state === 'failed' && task) all.set(op.key, { ...task, unsaved })
			else all.delete(op.key)
		} else if (op.kind === 'create') {
			if (!task && op.before) all.set(op.key, { ...op.before, ...op.change, key: op.key, unsaved })
		} else if (task) {
			all.set(op.key, { ...task, ...op.change, unsaved: task.unsaved === 'failed' ? 'failed' : unsaved })
		}
	}
	return (cachedRows = [...all.values()])
}

/** Something has changed. @param {Partial<State>} [part] */
function update(part = {}) {
	cachedRows = null
	tasks.merge({ ...part, failed: ops.filter(op => op.state === 'failed').length, count: base.size, turn: tasks.get().turn + 1 })
}

// --- following the session -----------------------------------------------------------

function follow() {
	const now = session.get()
	if (now.state === 'in' && now.user) {
		if (now.user.id !== user) {
			clear()
			user = now.user.id
			entries++
			const mine = (client = createClient({ userId: user, onSessionLost: () => client === mine && markLost(), fetch: outlasting(user) }))
			start()
		} else if (ended) {
			ended = false
			// The same person has logged in again: send the held changes now.
			entries++
			requeue('held')
			start()
			pump()
		}
	} else if (now.state === 'lost') {
		ended = true
		stop()
		for (const op of ops) if (op.state === 'queued' || op.state === 'waiting') hold(op)
		update()
	} else if (now.state === 'out') {
		clear()
	}
}

/** @param {Op} op */
function hold(op) {
	clearTimeout(op.timer)
	if (op.toast) dismiss(op.toast)
	op.state = 'held'
}

function stop() {
	generation++
	stopWatching?.()
	stopWatching = null
}

/** Removes everything of a person before the next one comes. */
function clear() {
	stop()
	ended = false
	for (const op of ops) clearTimeout(op.timer)
	if (user) clearNotices()
	base = new Map()
	ops = []
	ids = new Map()
	keys = new Map()
	etags = new Map()
	deletedIds = new Set()
	unclaimed = []
	user = ''
	client = null
	cachedRows = null
	tasks.set({ ...empty, turn: tasks.get().turn + 1 })
}

session.follow(follow)

// --- loading and watching ------------------------------------------------------------

// Changes from the stream, or from our own requests, that arrive while the list is read. They
// are never older than the list.
/** @type {Map<number, Task|null>|null} */
let meanwhile = null

/**
 * Remembers a change until the list has been read, unless a newer one is known: the answer to
 * a request of ours may overtake the events before it.
 * @param {Task} task
 */
function remember(task) {
	const known = meanwhile?.get(task.id)
	if (!known || known.updated_at <= task.updated_at) meanwhile?.set(task.id, task)
}

/** Watches the tasks, and reads the list when the stream is open, so that no change is missed. */
function start() {
	stop()
	const mine = generation
	const c = client
	if (!c) return
	let asked = false
	const read = () => {
		asked = true
		if (mine === generation) readAgain()
	}
	// A stream that does not open must not delay the list. When it opens later, the list is
	// read again.
	const late = setTimeout(() => asked || read(), 500)
	/** @param {Task} task */
	const put = task => {
		if (mine !== generation || deletedIds.has(task.id)) return
		remember(task)
		taskChanged(task)
	}
	const close = c.watchTasks({
		onCreated: put,
		onUpdated: put,
		onDeleted(task) {
			if (mine !== generation) return
			meanwhile?.set(task.id, null)
			taskDeleted(task)
		},
		onReset() {
			// The database may have lost changes. Then new tasks get the ids of lost ones.
			if (mine === generation) deletedIds = new Set()
			read()
		},
		onOpen({ resumed }) {
			if (mine !== generation) return
			update({ live: true, cut: '' })
			if (!resumed || tasks.get().state === 'away') read()
		},
		onClosed({ error, final }) {
			if (mine !== generation) return
			// A stream normally ends when its token expires. Show only failures.
			const full = error instanceof ApiError && error.status === 429
			if (error) {
				update({ live: false })
				setTimeout(() => mine === generation && !tasks.get().live && update({ cut: full ? 'full' : 'away' }), 1_500)
			}
			if (final && isUnauthorized(error)) markLost()
			// Without a stream, the list is read at every attempt to open one.
			else if (error && (full || !asked)) read()
		},
	})
	stopWatching = () => {
		clearTimeout(late)
		close()
	}
	stopUnseen() // a tab that was opened in the background may never be shown
}

// A stream may report a reset again and again.
const readAgain = paced(() => void reload())

/** Reads all tasks. */
async function reload() {
	const mine = ++reading
	const c = client
	if (!c) return
	const changes = (meanwhile = new Map())
	try {
		// Show the newest tasks while the others are loading.
		if (tasks.get().state === 'loading') {
			const first = await c.fetchTasks({ limit: firstPage, sort: '-created_at' })
			if (mine !== reading || c !== client) return
			const found = mapped(first)
			if (first.length < firstPage) return loaded(found, changes)
			base = withoutUnclaimed(found)
			update({ state: 'ready' })
		}
		const all = await c.fetchTasks()
		if (mine === reading && c === client) loaded(mapped(all), changes)
	} catch (error) {
		if (mine !== reading || c !== client) return
		meanwhile = null
		if (isUnauthorized(error)) return markLost()
		if (!(error instanceof ApiError || error instanceof NetworkError)) throw error
		const why = error instanceof NetworkError ? 'The server cannot be reached.' : 'The server has a problem.'
		update({ state: 'away', error: `${why} ${tasks.get().state === 'ready' ? 'What you see may be out of date.' : 'Your tasks could not be loaded.'}` })
	}
}

const firstPage = 100
const mapped = (/** @type {Task[]} */ list) => new Map(list.map(task => [task.id, task]))

/**
 * @param {Map<number, Task>} found
 * @param {Map<number, Task|null>} changes
 */
function loaded(found, changes) {
	for (const [id, task] of changes) task ? found.set(id, task) : found.delete(id)
	base = withoutUnclaimed(found)
	meanwhile = null
	update({ state: 'ready', error: '' })
}

/**
 * Sets tasks aside that may be our own whose creation has not been answered yet, as taskChanged does.
 * @param {Map<number, Task>} found
 */
function withoutUnclaimed(found) {
	const making = new Set(ops.map(op => (op.kind === 'create' && op.state === 'sending' ? op.change.title : undefined)))
	for (const task of [...found.values()]) {
		if (base.has(task.id) || !making.has(task.title)) continue
		found.delete(task.id)
		unclaimed = [...unclaimed.filter(t => t.id !== task.id), task]
	}
	return found
}

/** The server reports a new or changed task. @param {Task} task */
function taskChanged(task) {
	// It may be our own new task, whose answer has not arrived yet. Until then it would be
	// shown twice.
	if (!base.has(task.id) && ops.some(op => op.kind === 'create' && op.state === 'sending')) {
		unclaimed = [...unclaimed.filter(t => t.id !== task.id), task]
		return
	}
	const before = base.get(task.id)
	if (before && before.updated_at > task.updated_at) return // an older version that arrived late
	if (before?.updated_at !== task.updated_at) etags.delete(task.id)
	base.set(task.id, task)
	const { edit } = tasks.get()
	if (edit && idOf(edit.key) === task.id && differs(edit.theirs ?? edit.from, task)) return update({ edit: { ...edit, theirs: task, blind: false } })
	const deletion = ops.find(op => op.state === 'waiting' && idOf(op.key) === task.id)
	if (deletion?.before && differs(deletion.before, task)) {
		hold(deletion)
		ops = ops.filter(op => op !== deletion)
		toast('This task was changed elsewhere, so it was not deleted.', { bad: true })
	}
	update()
}

/** @param {Task} a @param {Task} b */
const differs = (a, b) => a.title !== b.title || (a.description ?? '') !== (b.description ?? '')

/** @param {{ id: number }} task */
function taskDeleted({ id }) {
	deletedIds.add(id)
	unclaimed = unclaimed.filter(t => t.id !== id)
	const key = keyOf(id)
	base.delete(id)
	etags.delete(id)
	const { edit } = tasks.get()
	const mine = ops.some(op => op.key === key && op.kind === 'delete')
	ops = ops.filter(op => op.key !== key || op.kind === 'create')
	if (edit?.key !== key || mine) return update()
	update({ edit: null })
	offerDeletedText(edit.title, edit.description || null)
}

/**
 * A task was deleted while its text was being edited: offer the text.
 * @param {string} title
 * @param {string|null} description
 */
function offerDeletedText(title, description) {
	toast('This task was deleted elsewhere.', { bad: true, kept: true, act: 'Add it again', run: () => void add(title, description) })
}

// --- changes -------------------------------------------------------------------------

/** @param {unknown} error */
const isUnauthorized = error => error instanceof ApiError && error.status === 401

/** @param {Omit<Op, 'idempotencyKey'|'state'> & { state?: Op['state'] }} op */
function push(op) {
	const made = { state: /** @type {Op['state']} */ ('queued'), ...op, idempotencyKey: newIdempotencyKey() }
	ops.push(made)
	update()
	return made
}

/** Sends the queued changes whose turn has come. */
function pump() {
	const busy = new Set()
	// Create tasks in the order in which they were added.
	let making = ops.some(op => op.kind === 'create' && op.state === 'sending')
	for (const op of ops) {
		if (op.state === 'queued' && !busy.has(op.key) && !(making && op.kind === 'create')) {
			making ||= op.kind === 'create'
			void send(op)
		}
		busy.add(op.key)
	}
}

/** @param {Op} op */
async function send(op) {
	const c = client
	if (!c) return
	op.state = 'sending'
	update()
	const id = idOf(op.key)
	const entry = entries
	try {
		const outlasts = isShort(JSON.stringify(op.change))
		op.sent = outlasts && (op.change.title === undefined || op.kind === 'create')
		if (op.kind === 'create') {
			const task = await c.createTask(asNew(op.change), { idempotencyKey: op.idempotencyKey })
			if (c !== client) return
			ids.set(op.key, task.id)
			keys.set(task.id, op.key)
			storeAnswer(task)
		} else if (op.kind === 'update') {
			const ifMatch = op.change.title === undefined ? undefined : await version(c, op)
			if (c !== client) return
			if (ifMatch === null) return void conflict(op)
			op.sent = outlasts
			const task = await c.updateTask(id, op.change, { ifMatch })
			if (c !== client) return
			storeAnswer(task)
		} else {
			await c.deleteTask(id)
			if (c !== client) return
			base.delete(id)
			deletedIds.add(id)
			meanwhile?.set(id, null)
		}
		drop(op)
		if (op.again && !ops.some(o => o.again)) announce('All changes are saved.')
	} catch (error) {
		if (c !== client) return
		op.sent = false
		if (!(error instanceof ApiError || error instanceof NetworkError)) {
			op.state = 'failed'
			update()
			throw error
		}
		failed(op, error, entry)
	}
	flushUnclaimed()
	pump()
}

/**
 * The version that an edit is based on: the one with the text that the person saw. null means that the text has
 * changed. Lists and events do not contain versions, so a request may be needed.
 * @param {NonNullable<typeof client>} c
 * @param {Op} op
 */
async function version(c, op) {
	const id = idOf(op.key)
	const now = base.get(id)
	const known = etags.get(id)
	if (!op.blind && known && now && op.before && !differs(now, op.before)) return known
	const task = await c.fetchTask(id)
	if (c === client) storeAnswer(task)
	if (op.before && differs(task, op.before)) return null
	return op.blind ? undefined : etagOf(task)
}

/** Members without a value are left out. @param {Change} change */
const asNew = change => ({ title: '', ...Object.fromEntries(Object.entries(change).filter(([, value]) => value)) })

/** Stores the task of an answer, with its version. @param {Task} task */
function storeAnswer(task) {
	if (deletedIds.has(task.id)) return
	const etag = etagOf(task)
	const before = base.get(task.id)
	if (before && before.updated_at > task.updated_at) return
	base.set(task.id, task)
	remember(task)
	if (etag) etags.set(task.id, etag)
	unclaimed = unclaimed.filter(t => t.id !== task.id)
}

function flushUnclaimed() {
	if (ops.some(op => op.kind === 'create' && op.state === 'sending')) return
	const waiting = unclaimed
	unclaimed = []
	for (const task of waiting) taskChanged(task)
}

/** @param {Op} op */
function drop(op) {
	ops = ops.filter(o => o !== op)
	update()
}

/**
 * @param {Op} op
 * @param {InstanceType<typeof ApiError> | InstanceType<typeof NetworkError>} error
 * @param {number} entry the value of entries when the op was sent
 */
function failed(op, error, entry) {
	if (isUnauthorized(error)) {
		// The person may have logged in again already. Then this answer belongs to an older request.
		op.state = entry !== entries && session.get().state === 'in' ? 'queued' : 'held'
		if (op.state === 'held') markLost()
		return update()
	}
	if (error instanceof NetworkError || error.code === 'INVALID_RESPONSE' || error.status >= 500 || error.status === 429 || error.status === 409 || error.status === 408) {
		op.state = 'failed'
		announce('A change is not saved.')
		return update()
	}
	if (error.status === 412 && op.kind === 'update') return void conflict(op)
	// Refused: roll back this change and the later ones of the task, and return the text.
	ops = ops.filter(o => o.key !== op.key)
	const said = error.fields['title'] ?? error.fields['description'] ?? error.message
	const { title, description } = op.change
	const before = base.get(idOf(op.key)) ?? op.before
	if (op.kind === 'create') {
		if (!tasks.get().draft.trim()) return update({ draft: title ?? '', draftError: said })
		toast(`“${short(title ?? '')}” was not added: ${said}`, { bad: true, kept: true, act: 'Edit', run: () => setDraft([title, tasks.get().draft].filter(Boolean).join('\n')) })
	} else if (error.status === 404) {
		base.delete(idOf(op.key))
		if (op.kind === 'update' && title !== undefined) offerDeletedText(title, description ?? null)
	} else if (op.kind === 'update' && title !== undefined && before) {
		reopen({ key: op.key, title, description: description ?? '', from: before, errors: Object.keys(error.fields).length ? error.fields : { title: said }, theirs: null })
	} else {
		toast(`Not saved: ${said}`, { bad: true })
	}
	update()
}

/**
 * Somebody else has changed the task. If the text is the same, nobody has to decide, and the
 * change is sent again with the current version. This happens only once, because with a proxy
 * that rewrites ETags every version looks old.
 * @param {Op} op
 */
async function conflict(op) {
	const c = client
	const id = idOf(op.key)
	const now = await current(id)
	if (c !== client || op.state !== 'sending') return
	if (!now) {
		op.state = session.get().state === 'in' ? 'failed' : 'held'
		return update()
	}
	const same = op.before !== undefined && !differs(op.before, now)
	if (same && !op.twice) {
		op.twice = true
		await new Promise(done => setTimeout(done, spread(300))) // the other side may still be making changes
		if (c !== client || op.state !== 'sending') return
		op.state = session.get().state === 'in' ? 'queued' : 'held'
		update()
		return pump()
	}
	ops = ops.filter(o => o.key !== op.key)
	reopen({ key: op.key, title: op.change.title ?? '', description: op.change.description ?? '', from: now, errors: {}, theirs: now, blind: same })
	announce(same ? 'The server has not accepted your change. Both versions are shown.' : 'This task was changed elsewhere. Both versions are shown.')
	update()
}

/** Returns a text to the editor. If another text is being edited, only offers it. @param {Edit} edit */
function reopen(edit) {
	if (tasks.get().edit) offer(edit)
	else tasks.merge({ edit })
}

/** @param {Edit} edit */
function offer(edit) {
	toast(`“${short(edit.title)}” is not saved.`, { bad: true, kept: true, act: 'Edit', run: () => bringBack(edit) })
}

/** @param {Edit} edit */
function bringBack(edit) {
	const open = tasks.get().edit
	if (open) putAway(open)
	if (!shown().some(task => task.key === edit.key)) return offerDeletedText(edit.title, edit.description || null)
	tasks.merge({ edit })
}

/** @param {Edit} edit */
const isChanged = edit => edit.title !== edit.from.title || edit.description !== (edit.from.description ?? '')

/**
 * Called before another task is edited: saves the typed text, or offers it if it cannot be
 * saved.
 * @param {Edit} edit
 */
function putAway(edit) {
	if (!isChanged(edit)) return
	if (!edit.theirs && save()) return
	cancel()
	offer(edit)
}

/** @param {string} text */
const short = text => (text.length > 40 ? [...text].slice(0, 38).join('') + '…' : text)

/** Reads one task with its version. @param {number} id */
async function current(id) {
	const c = client
	try {
		const task = await c?.fetchTask(id)
		if (!task || c !== client) return null
		taskChanged(task)
		storeAnswer(task)
		return task
	} catch {
		return null // the next list will show it
	}
}

/**
 * @param {string} title
 * @param {string|null} [description]
 */
export function add(title, description = null) {
	const key = 'new-' + ++serial
	// Until the server has answered, a new task counts as the newest. This device's clock
	// may be wrong; then the row would jump when the answer comes.
	const last = `9999-12-31T23:59:59.${String(serial).padStart(9, '0')}Z`
	push({
		kind: 'create',
		key,
		change: { title, description },
		before: { id: 0, user_id: user, title, description, completed: false, created_at: last, updated_at: last },
	})
	pump()
	announce(`Added ${short(title)}.`)
	return key
}

/** Changes members that are not typed as text. @param {Shown} task @param {Change} change */
function change(task, change) {
	push({ kind: 'update', key: task.key, change, before: task })
	pump()
}

/** @param {Shown} task */
export function toggle(task) {
	const completed = !task.completed
	// A second click before the first is sent undoes the first.
	const open = ops.find(op => op.key === task.key && op.kind === 'update' && op.state === 'queued' && op.change.completed !== undefined && op.change.title === undefined)
	if (open) {
		open.change.completed = completed
		update()
	} else {
		change(task, { completed })
	}
	announce(completed ? `Completed ${short(task.title)}.` : `${short(task.title)} is open again.`)
}

/** @param {Shown} task */
export function remove(task) {
	if (ops.some(op => op.key === task.key && op.kind === 'delete')) return
	const op = push({ kind: 'delete', key: task.key, change: {}, before: task, state: 'waiting' })
	op.toast = toast(`Deleted “${short(task.title)}”.`, {
		act: 'Undo',
		stay: undoFor,
		run() {
			clearTimeout(op.timer)
			if (op.state === 'waiting') drop(op)
			announce(`${short(task.title)} is back.`)
		},
	})
	const decide = () => {
		if (op.state !== 'waiting') return
		// Wait while the pointer or the focus is on the notice: the person may press Undo.
		if (op.toast && inUse(op.toast)) return void (op.timer = setTimeout(decide, 500))
		op.state = 'queued'
		pump()
	}
	op.timer = setTimeout(decide, undoFor)
}

/** @param {Shown} task */
export function edit(task) {
	const open = tasks.get().edit
	if (open && open.key !== task.key) putAway(open)
	tasks.merge({ edit: { key: task.key, title: task.title, description: task.description ?? '', from: { ...task }, errors: {}, theirs: null } })
	// Request the version while the person types. This also shows whether the text is still
	// the one that they see.
	const id = idOf(task.key)
	if (base.has(id) && !etags.has(id)) void current(id)
}

/** @param {Partial<Pick<Edit, 'title'|'description'|'errors'>>} part */
export function typed(part) {
	const { edit } = tasks.get()
	if (edit) tasks.merge({ edit: { ...edit, ...part } })
}

export function cancel() {
	tasks.merge({ edit: null })
}

/** Keeps the other version. */
export function takeTheirs() {
	cancel()
	announce('The other version is kept.')
}

/** @param {string} title @param {string} description */
export const textErrors = (title, description) => ({
	...(!title.trim() ? { title: 'A task needs a title.' } : length(title.trim()) > maxTitle ? { title: `A title has at most ${maxTitle} characters; this one has ${length(title.trim())}.` } : {}),
	...(length(description) > maxDescription ? { description: `A description has at most ${spaced(maxDescription)} characters; this one has ${length(description)}.` } : {}),
})

/** @param {string} text */
const length = text => [...text].length

/** @param {number} n @returns {string} n below a million, with a space before the last three digits */
const spaced = n => String(n).replace(/(?=\d{3}$)/, ' ').trim()

/** Sends the edit. @returns {boolean} false if the text has errors */
export function save() {
	const { edit } = tasks.get()
	if (!edit) return false
	const title = edit.title.trim()
	const description = edit.description.trim() ? edit.description : ''
	const errors = textErrors(title, description)
	if (Object.keys(errors).length) {
		tasks.merge({ edit: { ...edit, errors } })
		return false
	}
	/** @type {Change} */
	const change = {}
	const against = edit.theirs ?? edit.from
	if (title !== against.title) change.title = title
	if (description !== (against.description ?? '')) change.description = description || null
	cancel()
	if (!Object.keys(change).length) return true
	// If the change is refused, both texts return to the editor, so both must be in it.
	change.title = title
	change.description = description || null
	push({ kind: 'update', key: edit.key, change, before: against, blind: edit.blind === true })
	pump()
	announce(`Saved ${short(title)}.`)
	return true
}

/** @param {'failed'|'held'} state */
function requeue(state) {
	for (const op of ops) if (op.state === state) [op.state, op.again, op.twice] = ['queued', true, false]
}

/** Sends failed changes again, with the same Idempotency-Key. */
export function retryAll() {
	requeue('failed')
	update()
	pump()
	if (tasks.get().state === 'away' || !tasks.get().live) start()
}

/** @param {Shown} task */
export function discard(task) {
	ops = ops.filter(op => op.key !== task.key)
	update()
}

/** @param {string} text */
export function setDraft(text) {
	tasks.merge({ draft: text, draftError: '' })
}

/** @param {string} text */
export function refuseDraft(text) {
	tasks.merge({ draftError: text })
}

/** Ends the stream before the server ends it. @returns {() => void} opens it again */
export function pauseStream() {
	stop()
	return () => void (session.get().state === 'in' && start())
}

/** Whether some change has not reached the server yet. */
export const unsaved = () => ops.some(op => op.state !== 'waiting')

/** Whether there is typed text that has not been sent. */
export function unsent() {
	const { draft, edit } = tasks.get()
	return Boolean(draft.trim()) || (edit !== null && isChanged(edit)) || toasts.get().some(t => t.kept)
}

/** Sends the deletions that could still be undone, and waits for all changes under way. */
export async function settle() {
	for (const op of ops) {
		if (op.state !== 'waiting') continue
		hold(op)
		op.state = 'queued'
	}
	pump()
	for (let i = 0; i < 100 && ops.some(op => op.state === 'sending' || op.state === 'queued'); i++) await new Promise(done => setTimeout(done, 30))
}

// Closing the page confirms the deletions that could still be undone.
addEventListener('pagehide', () => {
	for (const op of ops) {
		if (op.state !== 'waiting') continue
		hold(op)
		op.state = 'sending'
		const id = idOf(op.key)
		void client?.deleteTask(id).then(
			() => {
				base.delete(id)
				drop(op)
			},
			() => (op.state = 'failed'),
		)
	}
	// The browser may keep the page for "back", with its stream open. With six such streams no
	// other page of ours could load.
	stop()
})

addEventListener('pageshow', event => {
	if (event.persisted && client && session.get().state === 'in') start()
})

// Ask before the page closes if something would be lost. Listen only then: some browsers do
// not keep a page for "back" if it has a beforeunload listener.
const lostWithPage = () => unsent() || ops.some(op => op.state !== 'waiting' && !op.sent)
/** @param {Event} event */
const ask = event => lostWithPage() && event.preventDefault()
const watchEnd = () => (lostWithPage() ? addEventListener('beforeunload', ask) : removeEventListener('beforeunload', ask))
tasks.follow(watchEnd)
toasts.follow(watchEnd)

/**
 * A fetch for changes that must arrive even if the page closes (browsers allow that for 64 KiB
 * at a time), or if the session's secret changes.
 * @param {string} whose
 * @returns {typeof fetch}
 */
const outlasting = whose => async (url, init) => {
	const go = () => fetch(url, { ...init, keepalive: init?.method !== 'GET' && isShort(String(init?.body ?? '')) })
	const sent = performance.now()
	const answer = await go()
	if (answer.status !== 401 || !(await isStillValid(sent, whose))) return answer
	void answer.body?.cancel()
	return go()
}

/** @param {string} body */
const isShort = body => body.length < 4_000

// A browser opens at most six connections to a server (HTTP/1.1) for all tabs together. The
// streams of hidden tabs must not use them up.
const unseenFor = 30_000
/** @type {ReturnType<typeof setTimeout>|undefined} */
let unseen
function stopUnseen() {
	clearTimeout(unseen)
	if (document.visibilityState === 'hidden') unseen = setTimeout(stop, unseenFor)
}
document.addEventListener('visibilitychange', () => {
	stopUnseen()
	if (document.visibilityState === 'visible' && client && !stopWatching && session.get().state === 'in') start()
})

// When the network returns, all tabs and devices start at the same moment; so wait a random time.
const online = paced(() => setTimeout(() => {
	if (client && tasks.get().state === 'away') start()
	if (session.get().state === 'away') void loadSession()
}, spread(500)))
addEventListener('online', online)
