// What no good server answers, and what lies between: every answer becomes an error
// that says so, never a SyntaxError, and nothing is sent more often than is safe.
import '../webcrypto.js'

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'

import { ApiError, NetworkError, createClient, newIdempotencyKey } from '../../../bff/spa/client/index.js'
import { caught, send, serve, task, until } from './support.js'

const html = (response, status) => {
  response.writeHead(status, { 'Content-Type': 'text/html' })
  response.end('<!doctype html><script>alert(1)</script>')
}
const later = (n, answer) => (response, request, times) => (times >= n ? send(response, request.method === 'POST' ? 201 : 200, request.method === 'GET' ? [task()] : task()) : answer(response))
const busy = (status, headers = {}) => (response) => send(response, status, { type: 'about:blank', title: 'Busy', status, detail: 'busy' }, headers)

describe('an answer that cannot be read', () => {
  const unreadable = 'The server gave an answer that cannot be read.'
  const cases = {
    'HTML': [(r) => html(r, 200), 200, 'INVALID_RESPONSE', unreadable],
    'nothing': [(r) => r.end(), 200, 'INVALID_RESPONSE', unreadable],
    'no content': [(r) => r.writeHead(204).end(), 204, 'INVALID_RESPONSE', unreadable],
    'JSON that is cut': [(r) => send(r, 200, '{"id": 1, "tit'), 200, 'INVALID_RESPONSE', unreadable],
    'null': [(r) => send(r, 200, 'null'), 200, 'INVALID_RESPONSE', unreadable],
    'something else': [(r) => send(r, 200, '["a", {"id": "1"}]'), 200, 'INVALID_RESPONSE', unreadable],
    'HTML and 500': [(r) => html(r, 500), 500, 'INVALID_RESPONSE', 'The server cannot answer at the moment (500).'],
    'HTML and 404': [(r) => html(r, 404), 404, 'INVALID_RESPONSE', 'The server cannot answer at the moment (404).'],
    'a foreign error': [(r) => send(r, 400, { error: { message: 'no' } }), 400, 'INVALID_RESPONSE', 'The server cannot answer at the moment (400).'],
    'HTML and 401': [(r) => html(r, 401), 401, 'SESSION_EXPIRED', 'Session expired. Please log in again.'],
    'a BFF\'s error': [(r) => send(r, 504, { error: 'Gateway Timeout', code: 'GATEWAY_TIMEOUT', message: 'Failed to proxy request' }), 504, 'GATEWAY_TIMEOUT', 'Failed to proxy request'],
    'a token that the API refuses': [(r) => send(r, 502, { error: 'Bad Gateway', code: 'UPSTREAM_REJECTED_TOKEN', message: 'Failed to proxy request' }), 502, 'UPSTREAM_REJECTED_TOKEN', 'Failed to proxy request'],
  }
  for (const [name, [answer, status, code, message]] of Object.entries(cases)) {
    test(name, async (t) => {
      const server = await serve(t, answer)
      const client = createClient({ baseURL: server.url })
      const calls = [
        () => client.fetchTasks(), () => client.fetchTask(1), () => client.createTask({ title: 'a' }),
        () => client.updateTask(1, { title: 'b' }), () => client.toggleTask(1), () => client.deleteTask(1), () => client.pages().next(),
      ]
      for (const call of calls) {
        const error = await caught(call())
        assert.ok(error instanceof ApiError, String(error))
        assert.deepEqual([error.status, error.code, error.message], [status, code, message])
      }
      assert.equal(server.requests.length, calls.length, 'something was sent again')
    })
  }

  test('problem details become fields, whatever their names', async (t) => {
    const server = await serve(t, (r) => send(r, 422, JSON.stringify({
      type: 'about:blank', title: 'Unprocessable Content', status: 422, detail: 'no',
      errors: [{ field: 'title', message: 'a' }, { field: 'title', message: 'b' }, null, 7, { field: '__proto__', message: 'c' }],
    }).replace('"null"', 'null'), { 'X-Request-Id': 'abc' }))
    const error = await caught(createClient({ baseURL: server.url }).createTask({ title: 'a' }))
    assert.deepEqual(Object.entries(error.fields), [['title', 'a; b'], ['__proto__', 'c']])
    assert.equal(error.requestId, 'abc')
  })
})

describe('the network', () => {
  test('that is away is a NetworkError', async () => {
    const closed = createServer()
    await new Promise((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${closed.address().port}`
    await new Promise((resolve) => closed.close(resolve))
    const client = createClient({ baseURL: url })
    for (const call of [() => client.fetchTasks(), () => client.createTask({ title: 'a' }), () => client.deleteTask(1), () => client.session()]) {
      const error = await caught(call())
      assert.ok(error instanceof NetworkError, String(error))
      assert.deepEqual([error.code, error.message], ['NETWORK', 'The server cannot be reached.'])
      assert.ok(error.cause)
    }
  })

  test('that breaks off in the middle of a list gives no half list', async (t) => {
    const server = await serve(t, (r) => {
      r.writeHead(200, { 'Content-Type': 'application/json' })
      r.write(`[${JSON.stringify(task())},`)
      setTimeout(() => r.socket.destroy(), 20)
    })
    const error = await caught(createClient({ baseURL: server.url }).fetchTasks())
    assert.ok(error instanceof NetworkError, String(error))
    assert.equal(server.requests.length, 3)
  })

  test('that comes back in time is not noticed', async (t) => {
    const server = await serve(t, later(3, (r) => r.socket.destroy()))
    const client = createClient({ baseURL: server.url })
    assert.equal((await client.fetchTasks()).length, 1)
  })

  test('a change is not sent again: it may have arrived', async (t) => {
    const server = await serve(t, (r) => r.socket.destroy())
    const client = createClient({ baseURL: server.url })
    for (const call of [() => client.updateTask(1, { title: 'a' }), () => client.toggleTask(1), () => client.deleteTask(1)]) {
      assert.ok(await caught(call()) instanceof NetworkError)
    }
    assert.equal(server.requests.length, 3)
  })
})

describe('a busy server', () => {
  const again = {
    'Idempotency-Key in progress': [409, { 'Retry-After': '0' }],
    'too many requests': [429, { 'Retry-After': '0' }],
    'unavailable': [503, { 'Retry-After': new Date().toUTCString() }],
    'unavailable without a time': [503, {}],
    'a gateway without its server': [502, {}],
  }
  for (const [name, [status, headers]] of Object.entries(again)) {
    test(`${name}: a creation is sent again under its key`, async (t) => {
      const server = await serve(t, later(3, busy(status, headers)))
      assert.equal((await createClient({ baseURL: server.url }).createTask({ title: 'a' })).id, 1)
      const keys = server.requests.map((request) => request.headers['idempotency-key'])
      assert.equal(keys.length, 3)
      assert.match(keys[0], /^[\w-]{32,36}$/)
      assert.deepEqual(new Set(keys).size, 1)
      assert.deepEqual(server.requests.map((request) => request.body), Array(3).fill('{"title":"a"}'))
    })
  }

  test('is asked no more often than was agreed', async (t) => {
    const server = await serve(t, busy(503))
    for (const [retries, want] of [[undefined, 3], [0, 1], [1, 2]]) {
      server.requests.length = 0
      const error = await caught(createClient({ baseURL: server.url, retries }).fetchTasks())
      assert.deepEqual([error.status, error.message, server.requests.length], [503, 'busy', want])
    }
  })

  test('that asks for a long time is left alone, and the time told', async (t) => {
    const server = await serve(t, busy(429, { 'Retry-After': '3600' }))
    const error = await caught(createClient({ baseURL: server.url }).fetchTasks())
    assert.deepEqual([error.status, error.retryAfter, server.requests.length], [429, 3600, 1])
  })

  test('a conflict that will not pass is not tried again, nor any change', async (t) => {
    const server = await serve(t, busy(409))
    const client = createClient({ baseURL: server.url })
    await caught(client.createTask({ title: 'a' }))
    assert.equal(server.requests.length, 1)
    const away = await serve(t, busy(503, { 'Retry-After': '0' }))
    const other = createClient({ baseURL: away.url })
    for (const call of [() => other.updateTask(1, {}), () => other.toggleTask(1), () => other.deleteTask(1)]) await caught(call())
    assert.equal(away.requests.length, 3)
  })
})

describe('signals and deadlines', () => {
  const silent = () => {}

  test('an answer that does not come in time is a NetworkError', async (t) => {
    const server = await serve(t, silent)
    const error = await caught(createClient({ baseURL: server.url, timeout: 1000 }).fetchTasks())
    assert.ok(error instanceof NetworkError)
    assert.deepEqual([error.code, error.message, server.requests.length], ['TIMEOUT', 'The server did not answer in time.', 1])
  })

  test('a body that does not end in time is one too', async (t) => {
    const server = await serve(t, (r) => r.writeHead(200, { 'Content-Type': 'application/json' }).write('['))
    const error = await caught(createClient({ baseURL: server.url }).fetchTasks({ timeout: 50 }))
    assert.equal(error.code, 'TIMEOUT')
  })

  test('no time limit is none', async (t) => {
    const server = await serve(t, (r) => setTimeout(() => send(r, 200, []), 50))
    for (const timeout of [0, Infinity, 1e12]) assert.deepEqual(await createClient({ baseURL: server.url, timeout }).fetchTasks(), [])
  })

  test('a signal ends a request, and the wait before the next try', async (t) => {
    const reason = new Error('the page was left')
    const before = new AbortController()
    before.abort(reason)
    const server = await serve(t, silent)
    const client = createClient({ baseURL: server.url })
    assert.equal(await caught(client.fetchTasks({ signal: before.signal })), reason)
    assert.equal(server.requests.length, 0)

    const during = new AbortController()
    const made = caught(client.createTask({ title: 'a' }, { signal: during.signal }))
    await until('the request', () => server.requests.length === 1)
    during.abort(reason)
    assert.equal(await made, reason)

    const waiting = await serve(t, busy(503, { 'Retry-After': '5' }))
    const between = new AbortController()
    const read = caught(createClient({ baseURL: waiting.url }).fetchTasks({ signal: between.signal }))
    await until('the request', () => waiting.requests.length === 1)
    setTimeout(() => between.abort(reason), 100)
    const started = Date.now()
    assert.equal(await read, reason)
    assert.ok(Date.now() - started < 4000)
    assert.equal(waiting.requests.length, 1)
  })
})

describe('requests', () => {
  test('a link to the next page cannot lead elsewhere', async (t) => {
    const elsewhere = await serve(t, (r) => send(r, 200, []))
    const server = await serve(t, (r, _, n) => send(r, 200, [task(n)], n === 1
      ? { Link: `<${elsewhere.url}/steal?x=1>; rel="prev", <${elsewhere.url}/steal?cursor=a%2Fb&limit=1>; title="b"; rel="next"` } : {}))
    const ids = []
    for await (const page of createClient({ baseURL: server.url + '/' }).pages({ limit: 1, completed: false })) ids.push(...page.map(({ id }) => id))
    assert.deepEqual(ids, [1, 2])
    assert.deepEqual(server.requests.map(({ url }) => url), ['/api/proxy/me/tasks?limit=1&completed=false', '/api/proxy/me/tasks?cursor=a%2Fb&limit=1'])
    assert.equal(elsewhere.requests.length, 0)
  })

  test('names are escaped in the path', async (t) => {
    const server = await serve(t, (r) => send(r, 200, []))
    await createClient({ baseURL: server.url, userId: 'a/b?c#d' }).fetchTasks({ q: 'a&b=c%', sort: undefined })
    assert.equal(server.requests[0].url, '/api/proxy/a%2Fb%3Fc%23d/tasks?q=a%26b%3Dc%25')
  })

  test('a key that is no header is refused before anything is sent', async (t) => {
    const server = await serve(t, (r) => send(r, 201, task()))
    assert.ok(await caught(createClient({ baseURL: server.url }).createTask({ title: 'a' }, { idempotencyKey: 'schlüssel \u{1f511}' })) instanceof TypeError)
    assert.equal(server.requests.length, 0)
  })

  test('keys differ, on an origin without randomUUID and without any Web Crypto too', (t) => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto')
    t.after(() => Object.defineProperty(globalThis, 'crypto', own))
    const { crypto } = globalThis
    for (const value of [crypto, { getRandomValues: (bytes) => crypto.getRandomValues(bytes) }, undefined]) {
      Object.defineProperty(globalThis, 'crypto', { value, configurable: true, writable: true })
      const keys = Array.from({ length: 100 }, newIdempotencyKey)
      assert.equal(new Set(keys).size, 100)
      for (const key of keys) assert.match(key, /^[0-9a-f-]{32,36}$/)
    }
  })
})

describe('the session\'s end', () => {
  const over = (r) => send(r, 401, { error: 'Unauthorized', code: 'SESSION_EXPIRED', message: 'x' })
  // held keeps each request's answer back until the test gives it.
  async function held(t) {
    const answers = []
    const server = await serve(t, (response) => { answers.push(response) })
    let lost = 0
    const client = createClient({ baseURL: server.url, onSessionLost: () => lost++ })
    return {
      lost: () => lost,
      async ask() {
        const n = answers.length
        const answer = client.fetchTasks().catch((error) => error)
        await until('the request', () => answers.length > n)
        return { ends: () => (over(answers[n]), answer), works: () => (send(answers[n], 200, []), answer) }
      },
    }
  }

  test('is not told twice because an older answer was good', async (t) => {
    const { ask, lost } = await held(t)
    const [older, first] = [await ask(), await ask()]
    await first.ends()
    assert.deepEqual(await older.works(), [])
    await (await ask()).ends()
    assert.equal(lost(), 1)
  })

  test('is not told of a new session because an older answer was late', async (t) => {
    const { ask, lost } = await held(t)
    const [older, first] = [await ask(), await ask()]
    await first.ends()
    const between = await ask() // sent before the new sign-in
    await (await ask()).works()
    await older.ends()
    await between.ends()
    assert.equal(lost(), 1)
    await (await ask()).ends()
    assert.equal(lost(), 2)
  })

  test('is told even when a listener throws', async (t) => {
    const server = await serve(t, over)
    const client = createClient({ baseURL: server.url })
    let heard = 0
    const uncaught = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error.message))
    t.after(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of others) process.on('uncaughtException', listener)
    })
    client.addEventListener('session-lost', () => { throw new Error('a listener\'s own') })
    client.addEventListener('session-lost', () => heard++)
    assert.equal((await caught(client.fetchTasks())).code, 'SESSION_EXPIRED')
    await until('the error', () => uncaught.length === 1)
    assert.deepEqual([heard, uncaught], [1, ['a listener\'s own']])
  })
})
