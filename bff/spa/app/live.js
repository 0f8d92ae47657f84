// Keeps the records up to date: follows the stream, and reads the list when the stream is open, so that
// no change is missed. Words and the DOM are elsewhere; life.js says when it starts and stops.
import { ApiError, NetworkError } from '../client/index.js'
import { paced } from './pace.js'

const firstPage = 100

/** @param {unknown} error */
const isUnauthorized = error => error instanceof ApiError && error.status === 401

/**
 * state, live, cut and error are those of the page (see tasks.js). error: why the list could not be read.
 * @typedef {{ state: 'loading'|'ready'|'away', live: boolean, cut: ''|'away'|'full', error: ''|'network'|'server' }} Live
 */

/**
 * @template C
 * @param {import('../client/index.js').Client} client
 * @param {{ records: import('./ops.js').Records<import('../client/index.js').Task>, ops: () => readonly import('./ops.js').Op<import('../client/index.js').Task, C>[],
 *   report: (task: import('../client/index.js').Task) => void, reportDeleted: (id: number) => void, listed: () => void }} sync
 * @param {(task: import('../client/index.js').Task, change: C) => boolean} isResult whether a task may be the result of a creation
 * @param {{ update: (part: Partial<Live>) => void, lost: () => void, opened: () => void }} on
 */
export function createLive(client, sync, isResult, on) {
	/** @type {Live} */
	let now = { state: 'loading', live: false, cut: '', error: '' }
	/** @type {null | (() => void)} */
	let close = null
	let generation = 0 // of the stream
	let reading = 0 // of the list
	let over = false

	/** @param {Partial<Live>} part */
	function update(part) {
		now = { ...now, ...part }
		on.update(part)
	}

	function stop() {
		generation++
		close?.()
		close = null
	}

	function start() {
		stop()
		const mine = generation
		let asked = false
		const read = () => {
			asked = true
			if (mine === generation) readAgain()
		}
		// A stream that does not open must not delay the list. When it opens later, the list is
		// read again.
		const late = setTimeout(() => asked || read(), 500)
		/** @param {import('../client/index.js').Task} task */
		const put = task => void (mine === generation && sync.report(task))
		const end = client.watchTasks({
			onCreated: put,
			onUpdated: put,
			onDeleted: ({ id }) => void (mine === generation && sync.reportDeleted(id)),
			onReset() {
				if (mine === generation) sync.records.forgetDeleted()
				read()
			},
			onOpen({ resumed }) {
				if (mine !== generation) return
				update({ live: true, cut: '' })
				if (!resumed || now.state === 'away') read()
				on.opened()
			},
			onClosed({ error, final }) {
				if (mine !== generation) return
				// A stream normally ends when its token expires. Show only failures.
				const full = error instanceof ApiError && error.status === 429
				if (error) {
					update({ live: false })
					setTimeout(() => mine === generation && !now.live && update({ cut: full ? 'full' : 'away' }), 1_500)
				}
				if (final && isUnauthorized(error)) on.lost()
				// Without a stream, the list is read at every attempt to open one.
				else if (error && (full || !asked)) read()
			},
		})
		close = () => {
			clearTimeout(late)
			end()
		}
	}

	// A stream may report a reset again and again.
	const readAgain = paced(() => void reload())

	/** Reads all tasks. */
	async function reload() {
		if (over) return
		const mine = ++reading
		const changes = sync.records.startReading()
		try {
			// Show the newest tasks while the others are loading.
			if (now.state === 'loading') {
				const first = await client.fetchTasks({ limit: firstPage, sort: '-created_at' })
				if (mine !== reading || over) return
				if (first.length < firstPage) return loaded(first, changes)
				sync.records.replace(first, mayBeOurs)
				update({ state: 'ready' })
			}
			const all = await client.fetchTasks()
			if (mine === reading && !over) loaded(all, changes)
		} catch (error) {
			if (mine !== reading || over) return
			sync.records.stopReading()
			if (isUnauthorized(error)) return on.lost()
			if (!(error instanceof ApiError || error instanceof NetworkError)) throw error
			update({ state: 'away', error: error instanceof NetworkError ? 'network' : 'server' })
		}
	}

	/**
	 * @param {import('../client/index.js').Task[]} list
	 * @param {Map<number, import('../client/index.js').Task|null>} changes
	 */
	function loaded(list, changes) {
		sync.records.replace(list, mayBeOurs, changes)
		sync.listed()
		update({ state: 'ready', error: '' })
	}

	const mayBeOurs = (/** @type {import('../client/index.js').Task} */ task) => sync.ops().some(op => op.kind === 'create' && op.state === 'sending' && isResult(task, op.change))

	return {
		start, stop,
		runs: () => close !== null,
		isAway: () => now.state === 'away',
		isLive: () => now.live,
		end() {
			over = true
			stop()
		},
	}
}
