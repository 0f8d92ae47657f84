import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import * as vestibule from '../../../bff/spa/client/index.js'
import { Browser, password } from '../harness.js'
import { caught, fetchOf, serve, signedIn } from './support.js'

const { ApiError, SessionLostEvent, createClient, etagOf, newIdempotencyKey } = vestibule

// refused checks what a promise is rejected with.
async function refused(promise, status, code, message) {
  const error = await caught(promise)
  assert.ok(error instanceof ApiError, String(error))
  assert.deepEqual([error.status, error.code, error.message], [status, code, message])
  assert.ok(error.requestId, 'no request id')
  return error
}

describe('tasks', () => {
  test('are created, read, listed, changed, toggled and deleted', async () => {
    const { client, user } = await signedIn()
    assert.deepEqual(await client.fetchTasks(), [])
    const made = await client.createTask({ title: '  Water the plants ', description: 'not the cactus' })
    assert.equal(made.title, 'Water the plants')
    assert.equal(made.user_id, user.id)
    assert.deepEqual(await client.fetchTask(made.id), made)
    assert.deepEqual(await client.fetchTasks(), [made])
    const changed = await client.updateTask(made.id, { title: 'Water all', description: null })
    assert.deepEqual([changed.title, changed.description, changed.completed], ['Water all', null, false])
    assert.equal((await client.toggleTask(made.id)).completed, true)
    assert.equal((await client.toggleTask(made.id)).completed, false)
    assert.deepEqual(await client.deleteTask(made.id), { success: true, message: 'Task deleted successfully' })
    assert.deepEqual(await client.fetchTasks(), [])
  })

  test('titles come back as they were sent', async () => {
    const { client } = await signedIn()
    for (const title of ['<script>alert(1)</script>', '\u{1f331}'.repeat(255), 'שלום\u202e\nzwei Zeilen', '100% _ "\\']) {
      assert.equal((await client.createTask({ title })).title, title)
    }
  })

  test('functions on their own are the quickstart\'s, with and without a user id', async (t) => {
    const { browser, user } = await signedIn()
    const real = globalThis.fetch
    const inPage = fetchOf(browser)
    globalThis.fetch = (url, init) => (String(url).startsWith('/') ? inPage(url, init) : real(url, init))
    t.after(() => { globalThis.fetch = real })
    const { fetchTasks, fetchTask, createTask, updateTask, toggleTask, deleteTask } = vestibule
    const one = await createTask(user.id, { title: 'one' })
    const two = await createTask({ title: 'two' })
    assert.deepEqual((await fetchTasks(user.id)).map((task) => task.title), ['one', 'two'])
    assert.deepEqual(await fetchTasks(), [one, two])
    assert.deepEqual(await fetchTask(user.id, two.id), two)
    assert.equal((await updateTask(user.id, one.id, { completed: true })).completed, true)
    assert.equal((await toggleTask(one.id)).completed, false)
    assert.equal((await deleteTask(user.id, one.id)).success, true)
    assert.equal((await deleteTask(two.id)).success, true)
    assert.equal((await vestibule.default.session()).user.id, user.id)
  })

  test('lists are filtered, ordered and paged', async () => {
    const { client } = await signedIn()
    for (let i = 0; i < 5; i++) await client.createTask({ title: `task ${i}`, completed: i % 2 === 0 })
    const titles = (tasks) => tasks.map((task) => task.title.slice(5)).join('')
    assert.equal(titles(await client.fetchTasks({ completed: true })), '024')
    assert.equal(titles(await client.fetchTasks({ completed: false, sort: '-title' })), '31')
    assert.equal(titles(await client.fetchTasks({ q: 'K 3' })), '3')
    assert.equal(titles(await client.fetchTasks({ limit: 2 })), '01')
    const pages = []
    for await (const page of client.pages({ limit: 2, sort: '-title' })) pages.push(titles(page))
    assert.deepEqual(pages, ['43', '21', '0'])
    const error = await caught(client.fetchTasks({ limit: 0, colour: 'red' }))
    assert.deepEqual([error.status, error.code, Object.keys(error.fields).sort()], [422, 'UNPROCESSABLE_CONTENT', ['limit']])
  })
})

describe('refusals', () => {
  test('say what is wrong with which field', async () => {
    const { client } = await signedIn()
    const error = await refused(client.createTask({ title: ' ', colour: 'red' }), 422, 'UNPROCESSABLE_CONTENT', 'The request has invalid fields.')
    assert.deepEqual(Object.keys(error.fields).sort(), ['colour', 'title'])
    assert.match(error.fields.title, /1 to 255/)
  })

  test('another user\'s tasks are “Access denied”', async () => {
    const [one, two] = [await signedIn(), await signedIn()]
    const theirs = await two.client.createTask({ title: 'private' })
    const error = await refused(one.client.forUser(two.user.id).fetchTasks(), 403, 'FORBIDDEN', 'Access denied')
    assert.equal(error.detail, 'Access denied: user_id mismatch')
    await refused(one.client.fetchTask(theirs.id), 404, 'NOT_FOUND', 'Task not found')
    await refused(one.client.deleteTask(theirs.id), 404, 'NOT_FOUND', 'Task not found')
    assert.deepEqual(await two.client.fetchTasks(), [theirs])
  })

  test('a foreign page is “Access denied” with the BFF\'s code', async () => {
    const { browser } = await signedIn()
    const client = createClient({ fetch: fetchOf(browser, 'https://evil.example') })
    await refused(client.createTask({ title: 'forged' }), 403, 'INVALID_ORIGIN', 'Access denied')
  })
})

describe('versions', () => {
  test('a change of a version that is no longer there is refused', async () => {
    const { client } = await signedIn()
    const made = await client.createTask({ title: 'first' })
    const mine = await client.fetchTask(made.id)
    assert.match(etagOf(mine), /^"\d+"$/)
    assert.equal(etagOf(mine), etagOf(made))
    const theirs = await client.updateTask(made.id, { title: 'second' }, { ifMatch: made })
    const lost = [412, 'PRECONDITION_FAILED', 'The task has changed since it was read']
    await refused(client.updateTask(made.id, { title: 'third' }, { ifMatch: mine }), ...lost)
    await refused(client.toggleTask(made.id, { ifMatch: mine }), ...lost)
    await refused(client.deleteTask(made.id, { ifMatch: etagOf(mine) }), ...lost)
    const toggled = await client.toggleTask(made.id, { ifMatch: theirs })
    assert.equal(toggled.title, 'second')
    await client.deleteTask(made.id, { ifMatch: toggled })
  })

  test('a condition that cannot be known is refused before anything is sent', async () => {
    const { client } = await signedIn()
    await client.createTask({ title: 'stays' })
    const [listed] = await client.fetchTasks()
    assert.equal(etagOf(listed), undefined)
    assert.ok(await caught(client.deleteTask(listed.id, { ifMatch: listed })) instanceof TypeError)
    assert.equal((await client.fetchTasks()).length, 1)
  })
})

describe('Idempotency-Key', () => {
  test('a creation that is sent twice makes one task', async () => {
    const { client } = await signedIn()
    const idempotencyKey = newIdempotencyKey()
    const first = await client.createTask({ title: 'once' }, { idempotencyKey })
    assert.deepEqual(await client.createTask({ title: 'once' }, { idempotencyKey }), first)
    assert.equal((await client.fetchTasks()).length, 1)
    const error = await caught(client.createTask({ title: 'another' }, { idempotencyKey }))
    assert.deepEqual([error.status, Object.keys(error.fields)], [422, ['Idempotency-Key']])
  })

  test('a creation whose answer is lost is sent again by itself and makes one task', async (t) => {
    const { client, browser } = await signedIn()
    // A front that passes requests on, and the first answer not back.
    const front = await serve(t, async (response, request, n, body) => {
      const answer = await fetchOf(browser)(request.url, { method: request.method, body, headers: {
        'content-type': request.headers['content-type'], 'idempotency-key': request.headers['idempotency-key'],
      } })
      if (n === 1) return response.socket.destroy()
      response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') })
      response.end(await answer.text())
    })
    const made = await createClient({ baseURL: front.url }).createTask({ title: 'once' })
    assert.equal(front.requests.length, 2)
    assert.deepEqual(await client.fetchTasks(), [made])
  })

  test('a creation that the session\'s end stopped is sent again after sign-in', async () => {
    const { client, browser, email } = await signedIn()
    const idempotencyKey = newIdempotencyKey()
    await browser.client.signOut()
    await refused(client.createTask({ title: 'kept' }, { idempotencyKey }), 401, 'NO_SESSION', 'Session expired. Please log in again.')
    await browser.signIn(email)
    await client.createTask({ title: 'kept' }, { idempotencyKey })
    await client.createTask({ title: 'kept' }, { idempotencyKey })
    assert.equal((await client.fetchTasks()).length, 1)
  })
})

describe('the session', () => {
  test('is told, or null', async () => {
    const { client, user, browser } = await signedIn()
    const now = await client.session()
    assert.equal(now.user.id, user.id)
    assert.equal(now.session.userId, user.id)
    await browser.client.signOut()
    assert.equal(await client.session(), null)
  })

  test('that is lost is told once, however many requests fail, and again when it was there in between', async () => {
    const { browser, email } = await signedIn()
    const told = []
    const heard = []
    const client = createClient({ fetch: fetchOf(browser), onSessionLost: (event) => told.push(event) })
    client.addEventListener('session-lost', (event) => heard.push(event))
    const tenAtOnce = async () => {
      const errors = await Promise.all(Array.from({ length: 10 }, (_, i) => caught(i % 2 ? client.fetchTasks() : client.createTask({ title: 'x' }))))
      for (const error of errors) {
        assert.deepEqual([error.status, error.code, error.message], [401, 'SESSION_EXPIRED', 'Session expired. Please log in again.'])
      }
    }
    await client.fetchTasks()

    // Somebody ends the session elsewhere: the cookie is still there.
    const elsewhere = new Browser()
    await elsewhere.signIn(email)
    await elsewhere.client.revokeOtherSessions()
    await tenAtOnce()
    await tenAtOnce()
    assert.equal(told.length, 1)
    assert.deepEqual(heard, told)
    assert.ok(told[0] instanceof SessionLostEvent)
    assert.deepEqual([told[0].type, told[0].code, told[0].message], ['session-lost', 'SESSION_EXPIRED', 'Session expired. Please log in again.'])

    await browser.signIn(email, password)
    await client.fetchTasks()
    await elsewhere.client.revokeOtherSessions()
    await tenAtOnce()
    assert.equal(told.length, 2)
  })

  test('that was never there is NO_SESSION', async () => {
    const told = []
    const client = createClient({ fetch: fetchOf(new Browser()), onSessionLost: (event) => told.push(event.code) })
    const error = await caught(client.forUser('usr_x').fetchTasks())
    assert.deepEqual([error.status, error.code], [401, 'NO_SESSION'])
    assert.equal(error.detail, 'No session token found')
    assert.deepEqual(told, ['NO_SESSION'])
  })
})
