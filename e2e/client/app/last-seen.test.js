import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seenOf } from '../../../bff/spa/app/last-seen.js'

const at = (id, position, more) => ({ id, title: String(id), completed: false, created_at: '2026-02-03T04:05:06.789Z', position, ...more })

test('without a network, open tasks come first, in the person’s own order', () => {
	const seen = seenOf([at(1, '3', { due_on: '2026-11-30' }), at(2, '1', { completed: true }), at(3, '2'), at(4, '1'), at(0, '01')])
	assert.deepEqual(seen.map(({ id }) => id), [4, 3, 1, 2])
	assert.equal(seen[2].due_on, '2026-11-30')
})

test('of many tasks the open ones are kept', () => {
	const seen = seenOf(Array.from({ length: 1500 }, (_, i) => at(i + 1, undefined, { completed: i >= 400 })))
	assert.deepEqual([seen.length, seen.filter(task => !task.completed).length], [1000, 400])
})
