import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textErrors } from '../../../bff/spa/app/check.js'

test('what the server accepts is sent', () => {
	for (const title of ['x', ' x ', '.', '👩‍👩‍👧', 'é', 'x'.repeat(255), '😀'.repeat(255), '\u0600', 'a\u202eb', 'two\nlines'])
		assert.deepEqual(textErrors(title, '😀'.repeat(10_000)), {}, title)
})

test('what the server refuses is refused in plain words', () => {
	for (const [title, words] of [
		['', /needs a title/], [' \n', /needs a title/], ['x'.repeat(256), /at most 255 characters; this one has 256\./], ['x'.repeat(3_145_728), /has 3 145 728\./],
		['\u2800', /nothing that can be seen/], ['\u200b', /nothing that can be seen/], ['\u3164', /nothing that can be seen/], ['\u0007', /nothing that can be seen/],
		['a\ud800', /half of a character/], ['\udc00a', /half of a character/], ['a\0b', /\(NUL\)/],
	]) assert.match(textErrors(String(title), '').title ?? '', /** @type {RegExp} */ (words), JSON.stringify(String(title).slice(0, 20)))
	for (const [description, words] of [['x'.repeat(10_001), /at most 10 000 characters; this one has 10 001\./], ['a\ud800', /half of a character/], ['\0', /\(NUL\)/]])
		assert.match(textErrors('x', String(description)).description ?? '', /** @type {RegExp} */ (words))
})
