// What a person is told about changes to their tasks: notices, and words for screen readers.
import { spaced } from './check.js'
import { announce, dismiss, inUse, toast } from './ui.js'

/**
 * @typedef {import('../client/index.js').Task} Task
 * @typedef {Omit<import('../client/index.js').TaskChange, 'id'|'user_id'|'created_at'|'updated_at'>} Change
 * @typedef {import('./ops.js').Op<Task, Change>} Op
 */

/** How long Undo is offered, and how long a deletion waits for it. */
const undoFor = 6_000

/** @param {string} text */
const short = text => (text.length > 40 ? [...text].slice(0, 38).join('') + '…' : text)

/** @param {'network'|'server'|''} error @param {boolean} seen whether tasks are shown */
export const awayWords = (error, seen) => error && `${error === 'network' ? 'The server cannot be reached.' : 'The server has a problem.'} ${seen ? 'What you see may be out of date.' : 'Your tasks could not be loaded.'}`

export const say = {
	added: (/** @type {string} */ title) => announce(`Added ${short(title)}.`),
	/** The list that is shown does not have it. */
	addedElsewhere: (/** @type {string|number} */ what, /** @type {() => void} */ run) => toast(typeof what === 'string' ? `Added “${short(what)}”. This list does not show it.` : `Added ${what} tasks. This list does not show all of them.`, { act: typeof what === 'string' ? 'Show it' : 'Show them', run, stay: 12_000 }),
	back: (/** @type {Task} */ { title }) => announce(`${short(title)} is back.`),
	allBack: (/** @type {number} */ n) => announce(n === 1 ? 'The task is back.' : `The ${n} tasks are back.`),
	toggled: (/** @type {Task} */ { title }, /** @type {boolean} */ done) => announce(`${short(title)} is ${done ? 'done' : 'open'} again.`),
	/** What came back is not in the list that is shown. */
	backElsewhere: (/** @type {Task} */ { title, completed }) => toast(`“${short(title)}” is ${completed ? 'done' : 'open'} again, and not in this list.`),
	moved: (/** @type {string} */ title, /** @type {number} */ place, /** @type {number} */ of) => announce(`Moved ${short(title)} to place ${place} of ${of}.`),
	noRoom: () => toast('The task cannot be moved here: too many tasks have the same place. Move it to another place.', { bad: true }),
	edited: (/** @type {string} */ title) => announce(`Saved ${short(title)}.`),
	theirsKept: () => announce('The other version is kept.'),
	saved: () => announce('All changes are saved.'),
	unsaved: () => announce('A change is not saved.'),
	conflict: (/** @type {boolean} */ same) => announce(same ? 'The server has not accepted your change. Both versions are shown.' : 'This task was changed elsewhere. Both versions are shown.'),
	notDeleted: (/** @type {string} */ title) => toast(`“${short(title)}” was changed elsewhere, so it was not deleted.`, { bad: true }),
	refused: (/** @type {string} */ why) => toast(`Not saved: ${why}`, { bad: true }),
	notAdded: (/** @type {string} */ title, /** @type {string} */ why, /** @type {() => void} */ run) => toast(`“${short(title)}” was not added: ${why}`, { bad: true, kept: true, act: 'Edit', run }),
	offer: (/** @type {string} */ title, /** @type {() => void} */ run) => toast(`“${short(title)}” is not saved.`, { bad: true, kept: true, act: 'Edit', run }),
	/** A task was deleted while its text was being edited: offer the text. */
	gone: (/** @type {string} */ title, /** @type {() => void} */ run) => toast(`“${short(title)}” was deleted elsewhere.`, { bad: true, kept: true, act: 'Add it again', run }),
}

/**
 * Offers to undo a change for some seconds.
 * @param {string} text
 * @param {{ undo: () => void, over: () => void }} then
 * @returns {import('./undo.js').Notice}
 */
function offerUndo(text, { undo, over }) {
	/** @type {ReturnType<typeof setTimeout>} */
	let timer
	let open = true
	const notice = toast(text, { act: 'Undo', stay: undoFor, run: () => (end(), undo()) })
	const decide = () => {
		// Wait while the pointer or the focus is on the notice: the person may press Undo.
		if (inUse(notice)) return void (timer = setTimeout(decide, 500))
		open = false
		over()
	}
	timer = setTimeout(decide, undoFor)
	function end() {
		open = false
		clearTimeout(timer)
		dismiss(notice)
	}
	return { end, isOpen: () => open }
}

/** @param {Task} task @param {{ undo: () => void, over: () => void }} then */
export const offerDeletionUndo = ({ title }, then) => offerUndo(`Deleted “${short(title)}”.`, then)

/** @param {number} n @param {{ undo: () => void, over: () => void }} then */
export const offerClearUndo = (n, then) => offerUndo(n === 1 ? 'Deleted 1 done task.' : `Deleted ${n} done tasks.`, then)

/** @param {Task} task @param {boolean} done @param {() => void} undo */
export const offerCompletionUndo = ({ title }, done, undo) => offerUndo(done ? `Completed “${short(title)}”.` : `“${short(title)}” is open again.`, { undo, over() {} })

/** The browser's own search finds only the rows that are in the document. @param {number} n */
export const findWords = n => `The browser’s “Find” sees only the rows near the window. “Search” looks through all ${spaced(n)} tasks.`
