import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, firstPosition, positionOf } from '../../../bff/spa/app/position.js'

const valid = /^[0-9a-f]{0,63}[1-9a-f]$/

test('the first position is the server’s', () => {
	// store/tasks TestANewTaskIsBeforeTheOthers has the same value.
	assert.equal(firstPosition('2026-02-03T04:05:06.789Z'), 'fe63de53139a8')
	assert.equal(positionOf({ created_at: '2026-02-03T04:05:06.789Z' }), 'fe63de53139a8')
	assert.equal(positionOf({ created_at: '2026-02-03T04:05:06.789Z', position: '5c8' }), '5c8')
	assert.ok(firstPosition(Date.now()) < firstPosition(Date.now() - 1))
})

test('between any two there is another one', () => {
	for (const [before, after] of [['', undefined], ['', '1'], ['', '00000001'], ['f', undefined], ['ffff', undefined], ['1', '2'], ['1', '11'], ['1', '101'], ['19', '2'], ['1fff', '2'], ['08', '1'], ['fe63de53139a8', 'fe63de53139b8']]) {
		const text = between(before, after)
		assert.match(text, valid)
		assert.ok(before < text && (after === undefined || text < after), `${before} < ${text} < ${after}`)
	}
})

test('a list that is moved about at random keeps its order', () => {
	let seed = 16
	const random = n => (seed = (seed * 48271) % 2147483647) % n
	const list = ['8']
	for (let n = 0; n < 2000; n++) {
		const at = random(list.length + 1)
		const text = between(list[at - 1] ?? '', list[at])
		assert.match(text, valid)
		list.splice(at, 0, text)
	}
	assert.deepEqual(list, [...list].sort())
	assert.equal(new Set(list).size, list.length)
})

test('a place that is halved again and again is full one day', () => {
	let n = 0
	for (let after = '8', next; (next = between('', after)) !== undefined; n++) after = next
	assert.ok(n > 200, `${n} moves`)
	assert.equal(between('5', '5'), undefined)
	assert.equal(between('6', '5'), undefined)
})
