import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linksIn } from '../../../bff/spa/app/links.js'

const texts = text => linksIn(text).filter(part => typeof part !== 'string').map(part => part.text)

test('an address ends where the sentence goes on', () => {
	for (const [text, want] of [
		['https://a.example/x.', 'https://a.example/x'],
		['(see https://a.example/x)', 'https://a.example/x'],
		['https://a.example/x_(y)', 'https://a.example/x_(y)'],
		['(https://a.example/x_(y)).', 'https://a.example/x_(y)'],
		['“https://a.example/x”', 'https://a.example/x'],
		['<https://a.example/?a=1&b=2#c>', 'https://a.example/?a=1&b=2#c'],
		['HTTP://A.example!', 'HTTP://A.example'],
		['https://a.example/x...', 'https://a.example/x'],
		['https://a.example/ä-ö', 'https://a.example/ä-ö'],
	]) assert.deepEqual(texts(text), [want], text)
	assert.deepEqual(texts('https://a.example, https://b.example'), ['https://a.example', 'https://b.example'])
})

test('only addresses of the web are links', () => {
	for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'ftp://a.example', 'www.a.example', 'https://', 'https:///', 'xhttps://a.example', 'mailto:a@example.com', 'https://bank.example@evil.example/'])
		assert.deepEqual(texts(text), [], text)
	for (const part of linksIn('https://a.example/"onmouseover="x" <b>https://b.example</b>')) if (typeof part !== 'string') assert.doesNotMatch(part.href, /["<>]/)
})

test('an address cannot turn its own text round', () => {
	for (const one of ['\u202e', '\u200f', '\u2066', '\u061c', '\u200b', '\ufeff']) assert.deepEqual(texts(`https://a.example/x${one}moc.knab`), ['https://a.example/x'])
})

test('the parts together are the text', () => {
	for (const text of ['', 'none', 'https://a.example', 'a https://a.example/(b). c\n https://u@b.example http://c.example'])
		assert.equal(linksIn(text).map(part => (typeof part === 'string' ? part : part.text)).join(''), text)
	const long = 'https://a.example/' + ')'.repeat(10_000)
	assert.deepEqual(texts(long), ['https://a.example/'])
})
