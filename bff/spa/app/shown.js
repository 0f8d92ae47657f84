/**
 * What the page shows: the server's records with the open changes applied, unordered.
 * @template {import('../client/index.js').Task} R
 * @template {object} C
 * @param {import('./ops.js').Records<R>} records
 * @param {readonly import('./ops.js').Op<R, C>[]} ops
 * @returns {(R & { key: string, unsaved: ''|'sending'|'failed' })[]}
 */
export function shownOf(records, ops) {
	/** @type {Map<string, R & { key: string, unsaved: ''|'sending'|'failed' }>} */
	const all = new Map()
	for (const record of records.all()) {
		const key = records.keyOf(record.id)
		all.set(key, { ...record, key, unsaved: '' })
	}
	for (const op of ops) {
		const unsaved = op.state === 'failed' || op.state === 'held' ? 'failed' : 'sending'
		const record = all.get(op.key)
		if (op.kind === 'delete') {
			if (op.state === 'failed' && record) all.set(op.key, { ...record, unsaved })
			else all.delete(op.key)
		} else if (op.kind === 'create') {
			if (!record && op.before) all.set(op.key, { ...op.before, ...op.change, key: op.key, unsaved })
		} else if (record) {
			all.set(op.key, { ...record, ...op.change, unsaved: record.unsaved === 'failed' ? 'failed' : unsaved })
		}
	}
	return [...all.values()]
}
