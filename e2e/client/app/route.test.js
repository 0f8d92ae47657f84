// Whose the entries of the history are. The browser's part is here as far as route.js uses it.
import assert from 'node:assert/strict'
import { test } from 'node:test'

const entries = [{ state: null, url: '/tasks' }]
let at = 0
let listener
const url = () => new URL(entries[at].url, 'https://app.example')
globalThis.location = { get pathname() { return url().pathname }, get search() { return url().search }, origin: 'https://app.example' }
globalThis.history = {
	get state() { return entries[at].state },
	pushState: (state, _, to) => void entries.splice(++at, Infinity, { state, url: to }),
	replaceState: (state, _, to) => void (entries[at] = { state, url: to }),
}
globalThis.addEventListener = (name, heard) => name === 'popstate' && (listener = heard)
const { afterLogin, navigate, own, route, toLogin } = await import('../../../bff/spa/app/route.js')

function begin(to) {
	own('')
	at = 0
	entries.splice(0, Infinity, { state: null, url: to })
}
function go(by) {
	at += by
	listener()
}
const shown = () => route.get().path + route.get().query

test('the entries of another person are opened without their query', () => {
	begin('/tasks?q=first')
	own('a')
	assert.equal(entries[0].url, '/tasks?q=first')
	navigate('/tasks?q=secret')
	navigate('/account')
	go(-1)
	assert.equal(shown(), '/tasks?q=secret')
	go(1)
	own('')
	navigate('/login')
	own('b')
	navigate('/tasks', { replace: true })
	for (const want of ['/account', '/tasks', '/tasks']) {
		go(-1)
		assert.equal(shown(), want)
	}
	assert.deepEqual(entries.map(({ url }) => url), ['/tasks', '/tasks', '/account', '/tasks'])
})

test('who comes while the page of another person is open sees it without its query', () => {
	begin('/tasks?q=secret')
	own('a')
	own('b')
	assert.equal(shown(), '/tasks')
})

test('the way back from the log-in page is only for the person who was there', () => {
	begin('/tasks?q=secret')
	own('a')
	own('')
	toLogin()
	assert.equal(shown(), '/login')
	assert.equal(afterLogin('a', route.get().query), '/tasks?q=secret')
	assert.equal(afterLogin('b', route.get().query), '/tasks')
})

test('a link that nobody has opened yet leads to its page after the log-in', () => {
	begin('/tasks?show=done')
	toLogin()
	assert.equal(shown(), '/login?return=%2Ftasks%3Fshow%3Ddone')
	assert.equal(afterLogin('b', route.get().query), '/tasks?show=done')
})
