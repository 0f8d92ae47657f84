// A search of the app finds what a search of the task API finds. The store's tests read the
// same table.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { finder } from '../../../bff/spa/app/fold.js'

const table = JSON.parse(readFileSync(new URL('../../../store/tasks/testdata/searches.json', import.meta.url), 'utf8'))

for (const { about, text, search, found } of table)
	test(about, () => {
		assert.equal(finder(search)({ title: text, description: null }), found)
		assert.equal(finder(search)({ title: '~', description: text }), found)
	})

test('title and description are searched apart', () => {
	assert.equal(finder('oat milk')({ title: 'oat', description: 'milk' }), false)
})
