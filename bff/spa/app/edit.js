// The task that is being edited, and the rules for its text:
//   - While somebody types, a change of the same text elsewhere is shown beside it, and the person chooses.
//   - A text that the server refuses returns to the editor. If another text is there, it is offered.
//   - Whoever begins to edit another task loses nothing: the text is saved, or offered.
// The words are elsewhere (words.js).

/**
 * @typedef {import('../client/index.js').Task} Task
 *
 * theirs: the current task, if the person must choose between the two texts. blind: the server has refused this edit as
 * outdated more than once, although theirs has the text that the person began from. So something between the page and the
 * server spoils the versions. If the person still wants to save, the edit is sent without a version.
 * @typedef {{ key: string, title: string, description: string, due_on: string, from: Task, errors: Record<string, string>, theirs: Task|null, blind?: boolean }} Edit
 */

/** @typedef {Pick<Task, 'title'|'description'|'due_on'>} Text what a person edits; '' and null are the same */

/** @param {Text} a @param {Text} b */
export const differs = (a, b) => a.title !== b.title || (a.description ?? '') !== (b.description ?? '') || (a.due_on || '') !== (b.due_on || '')

/** @param {Edit} edit */
export const isChanged = edit => differs(edit, edit.from)

/**
 * @param {{ get: () => Edit|null, set: (edit: Edit|null) => void }} now the open edit
 * @param {{ records: import('./ops.js').Records<Task>, read: (id: number) => Promise<Task|null>, exists: (key: string) => boolean,
 *   push: (key: string, change: { title: string, description: string|null, due_on?: string|null }, before: Task, blind: boolean) => void }} sync
 * @param {(title: string, description: string) => Record<string, string>} check what is wrong with a text, by field
 * @param {{ offer: (edit: Edit, bringBack: () => void) => void, gone: (title: string, description: string|null, due_on: string|null, was: string) => void }} on
 *   offer: a text that is not saved. gone: the text and day of a task that was deleted elsewhere, and the title that it had
 */
export function createEditor(now, sync, check, on) {
	/** @param {Edit} edit */
	const lost = edit => on.gone(edit.title, edit.description || null, edit.due_on || null, edit.from.title)

	/** @param {Edit} edit */
	const offer = edit => on.offer(edit, () => bringBack(edit))

	/** @param {Edit} edit */
	function bringBack(edit) {
		const open = now.get()
		if (open) putAway(open)
		if (sync.exists(edit.key)) now.set(edit)
		else lost(edit)
	}

	/**
	 * Called before another task is edited: saves the typed text, or offers it if it cannot be
	 * saved.
	 * @param {Edit} edit
	 */
	function putAway(edit) {
		if (!isChanged(edit)) return
		if (!edit.theirs && save() !== null) return
		now.set(null)
		offer(edit)
	}

	/** Sends the edit. @returns {string|null} the title, '' if nothing was to be saved, or null if the text has errors */
	function save() {
		const edit = now.get()
		if (!edit) return null
		const title = edit.title.trim()
		const description = edit.description.trim() ? edit.description : ''
		const errors = check(title, description)
		if (Object.keys(errors).length) {
			now.set({ ...edit, errors })
			return null
		}
		const against = edit.theirs ?? edit.from
		now.set(null)
		const { due_on } = edit
		if (!differs({ title, description, due_on }, against)) return ''
		// If the change is refused, both texts return to the editor, so both are in it.
		const day = due_on === (against.due_on ?? '') ? {} : { due_on: due_on || null }
		sync.push(edit.key, { title, description: description || null, ...day }, against, edit.blind === true)
		return title
	}

	return {
		save,

		/** @param {Task & { key: string }} task */
		open(task) {
			const open = now.get()
			if (open && open.key !== task.key) putAway(open)
			now.set({ key: task.key, title: task.title, description: task.description ?? '', due_on: task.due_on ?? '', from: { ...task }, errors: {}, theirs: null })
			// Request the version while the person types. This also shows whether the text is still
			// the one that they see.
			const id = sync.records.idOf(task.key)
			if (sync.records.has(id) && !sync.records.versionOf(id)) void sync.read(id)
		},

		/** Returns a text to the editor. If another text is being edited, only offers it. @param {Edit} edit */
		reopen(edit) {
			if (now.get()) offer(edit)
			else now.set(edit)
		},

		/** The server has a new or changed task. @param {Task} task */
		reported(task) {
			const edit = now.get()
			if (edit && sync.records.idOf(edit.key) === task.id && differs(edit.theirs ?? edit.from, task)) now.set({ ...edit, theirs: task, blind: false })
		},

		/** A task is deleted. @param {string} key @param {boolean} ours */
		removed(key, ours) {
			const edit = now.get()
			if (edit?.key !== key || ours) return
			now.set(null)
			lost(edit)
		},
	}
}
