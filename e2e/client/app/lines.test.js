import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesOf } from '../../../bff/spa/app/lines.js'

test('lines become tasks without the marks of a list', () => {
	assert.deepEqual(linesOf('- milk\r\n* bread\n\n1. olives\n 2) oil\n[ ] salt\n- [x] pepper\n• thyme\n☐ rosemary\n3.  [ ] sage\rbasil\u2028mint'),
		['milk', 'bread', 'olives', 'oil', 'salt', 'pepper', 'thyme', 'rosemary', 'sage', 'basil', 'mint'])
})

test('numbers are marks only if they count the lines', () => {
	assert.deepEqual(linesOf('3. Dezember anrufen\nMilch'), ['3. Dezember anrufen', 'Milch'])
	assert.deepEqual(linesOf('1. Mai anrufen\nMilch'), ['1. Mai anrufen', 'Milch'])
	assert.deepEqual(linesOf('1. Mai anrufen\n3. Juni anrufen'), ['1. Mai anrufen', '3. Juni anrufen'])
	assert.deepEqual(linesOf('- 1. Mai\n- 2. Mai'), ['1. Mai', '2. Mai'])
	assert.deepEqual(linesOf('1. eggs\n2.\n3) flour'), ['eggs', 'flour'])
})

test('what only looks like a mark stays', () => {
	const lines = ['-5 degrees', '3.5 litres', '2026 is over', '*important*', '(1) one', '[link](x)', '1.', '-']
	assert.deepEqual(linesOf(lines.join('\n')), lines.slice(0, -2))
})

test('lines without anything to see are dropped', () => {
	assert.deepEqual(linesOf(' \n\t\n\u200b\n[ ]\n\u2800\n\u3164\n'), [])
})
