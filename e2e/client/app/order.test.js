import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byPosition, firstPosition, placeAt } from '../../../bff/spa/app/position.js'

const created_at = '2026-02-03T04:05:06.789Z'
const now = Date.parse('2026-11-30T12:00:00Z')
const at = (id, position) => ({ id, position, created_at })

/** Moves a task as the app does, and checks that it is there. */
function moved(list, from, to) {
	const task = list[from]
	const others = list.toSpliced(from, 1)
	const found = placeAt(others, to, now)
	if (!found) return undefined
	const changes = new Map([...found.others, [task, found.moved]])
	const after = list.map(one => ({ ...one, position: changes.get(one) ?? one.position })).sort(byPosition)
	assert.deepEqual(after.map(one => one.id), others.toSpliced(to, 0, task).map(one => one.id))
	for (const position of changes.values()) assert.match(position, /^[0-9a-f]{0,63}[1-9a-f]$/)
	return { list: after, changes: changes.size }
}

test('a move changes one task', () => {
	let list = [at(1, '1'), at(2, '2'), at(3, '21'), at(4, undefined), at(5, 'ff')]
	for (let from = 0; from < 5; from++) for (let to = 0; to < 5; to++) {
		const found = moved(list, from, to)
		assert.equal(found.changes, 1, `${from} to ${to}`)
		list = found.list
	}
})

test('on top is a place that leaves room for tasks to come', () => {
	const found = placeAt([at(1), at(2)], 0, now)
	assert.equal(found.moved, firstPosition(now))
	assert.ok(firstPosition(now + 1) < found.moved)
	// A task that the server has not created yet will be placed by its time.
	const coming = { id: 0, created_at: '9999-12-31T23:59:59.000000000000001Z' }
	assert.ok(placeAt([coming, at(1)], 1, now).moved > firstPosition(now))
})

test('where there is no room, the fewest neighbours move too', () => {
	const same = Array.from({ length: 40 }, (_, i) => at(i + 1))
	assert.equal(moved(same, 0, 37).changes, 3)
	assert.equal(moved(same, 39, 2).changes, 3)
	assert.equal(moved(same, 0, 39).changes, 1)
	assert.equal(moved(same, 39, 0).changes, 1)
	const long = '5'.repeat(63)
	assert.ok(moved([at(1, long + '5'), at(2, long + '6'), at(3, '6')], 2, 1).changes <= 2)
	const many = Array.from({ length: 300 }, (_, i) => at(i + 1))
	assert.equal(moved(many, 0, 150), undefined) // each change is a request
})

test('two hundred moves to the same place find room', () => {
	let list = Array.from({ length: 6 }, (_, i) => at(i + 1, String(i + 1)))
	for (let i = 0; i < 400; i++) list = moved(list, 5, 2).list
})
