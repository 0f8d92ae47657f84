import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUndo } from '../../../bff/spa/app/undo.js'

/** @param {unknown} of */
function offer(of) {
	const one = { of, ended: 0, run: () => true, notice: { end: () => void one.ended++, isOpen: () => !one.ended } }
	return one
}

test('an offer for several deletions ends with the last of them', () => {
	const undo = createUndo()
	const [a, b, c] = [{}, {}, {}]
	const several = offer(new Set([a, b]))
	const single = offer(c)
	undo.add(several)
	undo.add(single)
	undo.over(a)
	assert.equal(several.ended, 0)
	assert.deepEqual([...several.of], [b], 'Undo leaves what is sent already')
	undo.over(c)
	assert.equal(single.ended, 1)
	assert.equal(undo.latest(), several)
	undo.over(b)
	assert.equal(several.ended, 1)
	assert.equal(undo.latest(), undefined)
})

test('a change is undone once', () => {
	const undo = createUndo()
	const set = new Set([{}])
	undo.add(offer(set))
	assert.ok(undo.take(set)?.run())
	assert.equal(undo.take(set), undefined)
})
