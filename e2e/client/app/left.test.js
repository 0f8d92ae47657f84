import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leftWords } from '../../../bff/spa/app/left.js'

test('the words for the rest of a session are true', () => {
	for (const [ms, words] of [
		[-1, 'in less than a minute'], [59_999, 'in less than a minute'], [60_000, 'in about a minute'], [89_000, 'in about a minute'],
		[91_000, 'in about 2 minutes'], [120_000, 'in about 2 minutes'], [600_000, 'in about 10 minutes'],
	]) assert.equal(leftWords(Number(ms)), words)
})
