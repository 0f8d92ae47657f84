// The changes that this page can undo, the latest last. A deletion leaves the list when it is sent. A
// completion stays: it is sent at once, and undoing it sends the opposite.

/**
 * @typedef {{ end: () => void, isOpen: () => boolean }} Notice the offer that a person sees for some seconds
 * @typedef {{ of: unknown, run: () => boolean, notice: Notice, yields?: boolean }} Undoable
 *   of: what was done; a Set for several at once. run: undoes it, or returns false if there is nothing to undo any more. yields:
 *   its notice goes when the next one comes, because this change is frequent and does little harm
 */
const most = 50

export function createUndo() {
	/** @type {Undoable[]} */
	let all = []

	/** Forgets a change and ends its notice. @param {unknown} of */
	function take(of) {
		const one = all.find(u => u.of === of)
		all = all.filter(u => u !== one)
		one?.notice.end()
		return one
	}

	return {
		take,

		/** A deletion waits no longer. An offer for several ends with the last. @param {unknown} op */
		over(op) {
			const several = all.find(({ of }) => of instanceof Set && of.has(op))?.of
			if (!(several instanceof Set)) return void take(op)
			several.delete(op)
			if (!several.size) take(several)
		},

		/** Call it before the notice is shown. */
		makeRoom() {
			for (const { yields, notice } of all) if (yields) notice.end()
		},

		/** @param {Undoable} change */
		add: change => void (all = [...all.slice(1 - most), change]),

		/** @param {unknown} of */
		offered: of => all.some(u => u.of === of && u.notice.isOpen()),

		/** The latest change, or undefined. */
		latest: () => all.at(-1),

		/** Another person comes. */
		clear() {
			for (const { notice } of all) notice.end()
			all = []
		},
	}
}
