import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { createClient } from '../../../bff/spa/client/index.js'
import { parser } from '../../../bff/spa/client/watch.js'
import { Browser } from '../harness.js'
import { fakePage, fetchOf, listen, send, serve, signedIn, stream, task, until } from './support.js'

const event = (id, type, data) => `id: ${id}\nevent: ${type}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

describe('the parser', () => {
  const blocks = (...pieces) => {
    const got = []
    const parse = parser((block) => got.push(block))
    for (const piece of pieces) assert.equal(parse(piece), true)
    return got
  }
  const text = ': a comment\r\n\r\nretry: 1500\rid: 7\n\n:\nevent: x\r\ndata: a\ndata:b\ndata\n\ndata:  c: d \nid: a\0b\nretry: soon\nfoo: bar\n\nid\n\ndata: cut off'
  const want = [{ type: '', retry: 1500, id: '7' }, { type: 'x', data: 'a\nb\n' }, { type: '', data: ' c: d ' }, { type: '', id: '' }]

  test('reads a stream as the standard says, wherever it is cut', () => {
    assert.deepEqual(blocks(text), want)
    for (let i = 0; i < text.length; i++) {
      for (let j = i; j < text.length; j += 7) assert.deepEqual(blocks(text.slice(0, i), text.slice(i, j), text.slice(j)), want)
    }
    assert.deepEqual(blocks(...text), want)
  })

  test('gives a block up that has no end', () => {
    const parse = parser(() => assert.fail('emitted'))
    const line = `data: ${'a'.repeat(1000)}\n`
    let pieces = 0
    while (parse(line)) assert.ok(pieces++ < 1100)
    const endless = parser(() => assert.fail('emitted'))
    for (pieces = 0; endless('a'.repeat(10_000));) assert.ok(pieces++ < 110)
  })

  test('searches a long line once, however many pieces it has', (t) => {
    const { split } = String.prototype
    let searched = 0
    t.mock.method(String.prototype, 'split', function (separator) {
      searched += this.length
      return split.call(this, separator)
    })
    const parse = parser(() => assert.fail('emitted'))
    for (let i = 0; i < 1000; i++) parse('a'.repeat(100))
    assert.ok(searched > 0 && searched < 200_000, `${searched} characters were searched, of 100 000`)
  })

  test('random bytes throw nothing', () => {
    const alphabet = ['\n', '\r', ':', ' ', 'data', 'id', 'event', 'retry', '\0', '7', '\u2028', 'é']
    for (let i = 0; i < 2000; i++) {
      const parse = parser((block) => assert.equal(typeof block.type, 'string'))
      for (let j = 0; j < 30; j++) parse(alphabet[Math.floor(Math.random() * alphabet.length)])
    }
  })
})

describe('a watch', () => {
  test('and all reads keep out of the cache, where Firefox would let a second tab wait for them', async (t) => {
    const modes = new Map()
    const client = createClient({ userId: 'usr_x', fetch: async (url, init) => (modes.set(url, init.cache), new Response(null, { status: 403 })) })
    t.after(client.watchTasks({}))
    await Promise.allSettled([client.fetchTasks(), client.fetchTask(1), client.pages({ limit: 2 }).next(), client.session()])
    assert.deepEqual([...modes.values()], Array(5).fill('no-store'), [...modes.keys()].join())
  })

  test('goes on from the last event when the connection breaks', async (t) => {
    const server = await serve(t, (response, _, n) => {
      stream(response)
      if (n === 1) {
        response.write(`retry: 100\nid: 4\n\n${event(5, 'task.created', task(1))}`)
        setTimeout(() => response.socket.destroy(), 50)
      } else if (n === 2) {
        response.end(`id: 5\n\n${event(6, 'task.updated', task(1))}: \n\n${event(7, 'task.deleted', task(1))}`)
      } else {
        response.write(`id: 8\n\n${event(9, 'tasks.reset', { reason: 'too long ago' })}`)
      }
    })
    const { told, heard } = listen(t, createClient({ baseURL: server.url }))
    await heard('reset')
    assert.deepEqual(server.requests.map(({ headers }) => headers['last-event-id']), [undefined, '5', '7'])
    assert.deepEqual(server.requests.map(({ url, headers }) => [url, headers.accept]), Array(3).fill(['/api/proxy/me/tasks/events', 'text/event-stream']))
    assert.deepEqual(told, [
      ['open', false], ['created', 1], ['closed', 'NETWORK', false],
      ['open', true], ['updated', 1], ['deleted', 1], ['closed', null, false],
      ['open', true], ['reset', 'too long ago'],
    ])
  })

  test('asks for the list anew when an event cannot be read, and skips what it does not know', async (t) => {
    const server = await serve(t, (response) => {
      stream(response).write(`id: 1\n\n${event(2, 'task.created', '{"id"')}${event(3, 'task.moved', task())}${event(4, 'toString', task())}${event(5, 'task.updated', task(9))}`)
    })
    const { told, heard } = listen(t, createClient({ baseURL: server.url }))
    await heard('updated')
    assert.deepEqual(told, [['open', false], ['reset', 'an event could not be read'], ['updated', 9]])
  })

  test('does not take HTML, a busy server or a network that is away for the end', async (t) => {
    const server = await serve(t, (response, _, n) => {
      if (n === 1) return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>')
      if (n === 2) return send(response, 503, { error: 'x', code: 'STORE_UNAVAILABLE', message: 'y' }, { 'Retry-After': '0' })
      stream(response).write('id: 1\n\n')
    })
    // The first waits would be a second and two: the network's return ends them.
    const page = fakePage(t)
    const { told, heard } = listen(t, createClient({ baseURL: server.url }))
    for (let n = 1; n <= 2; n++) {
      await heard('closed', n)
      await until('a wait', () => page.waits() === 1)
      page.tell('online')
    }
    await heard('open')
    assert.deepEqual(told, [['closed', 'INVALID_RESPONSE', false], ['closed', 'STORE_UNAVAILABLE', false], ['open', false]])
    assert.equal(page.waits(), 0)
  })

  test('asks at once when it is told that the session has ended', async (t) => {
    const server = await serve(t, (response, _, n) => {
      if (n === 3) return send(response, 401, { error: 'x', code: 'SESSION_EXPIRED', message: 'y' })
      stream(response).end(`retry: 99999\nid: ${n}\n\n${n === 2 ? 'event: session.ended\ndata: {}\n\n' : ''}`)
    })
    let lost = 0
    const patient = listen(t, createClient({ baseURL: server.url })) // waits for the time in retry
    await patient.heard('closed')
    const { told, heard } = listen(t, createClient({ baseURL: server.url, onSessionLost: () => lost++ }))
    await heard('closed', 2)
    assert.equal(server.requests[2].headers['last-event-id'], '2')
    assert.deepEqual([told.at(-1), lost], [['closed', 'SESSION_EXPIRED', true], 1])
  })

  test('ends for good when it is refused', async (t) => {
    for (const [status, code, lost] of [[401, 'SESSION_EXPIRED', 1], [403, 'FORBIDDEN', 0], [404, 'NOT_FOUND', 0]]) {
      const server = await serve(t, (response) => send(response, status, { error: 'x', code, message: 'y' }))
      let times = 0
      const { told, heard } = listen(t, createClient({ baseURL: server.url, onSessionLost: () => times++ }))
      await heard('closed')
      await pause(20)
      assert.deepEqual(told, [['closed', code, true]])
      assert.deepEqual([times, server.requests.length], [lost, 1])
    }
  })

  test('says nothing more once it is stopped, and leaves no connection', async (t) => {
    let closed = 0
    const server = await serve(t, (response) => {
      stream(response).write('id: 1\n\n')
      response.on('close', () => closed++)
    })
    const signal = new AbortController()
    const client = createClient({ baseURL: server.url })
    const first = listen(t, client)
    const second = listen(t, client, { signal: signal.signal })
    await Promise.all([first.heard('open'), second.heard('open')])
    first.stop()
    signal.abort()
    await until('two connections to end', () => closed === 2)
    await pause(20)
    assert.deepEqual([first.told, second.told], [[['open', false]], [['open', false]]])
    const third = listen(t, client, { signal: signal.signal })
    await pause(20)
    assert.deepEqual([third.told, server.requests.length], [[], 2])
  })
})

describe('the product', () => {
  test('tells of changes made elsewhere', async (t) => {
    const { client, browser, email } = await signedIn()
    const elsewhere = new Browser()
    await elsewhere.signIn(email)
    const other = createClient({ fetch: fetchOf(elsewhere) })
    const { told, heard } = listen(t, client)
    await heard('open')
    const made = await other.createTask({ title: 'a' })
    await heard('created')
    await other.toggleTask(made.id)
    await heard('updated')
    await other.deleteTask(made.id)
    await heard('deleted')
    assert.deepEqual(told, [['open', false], ['created', made.id], ['updated', made.id], ['deleted', made.id]])
    assert.ok(browser.cookies.size > 0)
  })

  test('tells of what happened while the connection was away', async (t) => {
    const { client, browser } = await signedIn()
    let cut
    const severed = createClient({ fetch: async (url, init) => {
      const broken = new AbortController()
      cut = () => broken.abort()
      init.signal.addEventListener('abort', cut)
      return fetchOf(browser)(url, { ...init, signal: broken.signal })
    } })
    const { told, heard } = listen(t, severed)
    await heard('open')
    const first = await client.createTask({ title: 'a' })
    await heard('created')
    cut()
    await heard('closed')
    const second = await client.createTask({ title: 'b' })
    await client.updateTask(first.id, { title: 'c' })
    await heard('updated')
    assert.deepEqual(told, [
      ['open', false], ['created', first.id], ['closed', 'NETWORK', false],
      ['open', true], ['created', second.id], ['updated', first.id],
    ])
  })

  test('ends the watch with the session, and the loss is told once', async (t) => {
    const { browser, email } = await signedIn()
    let lost = 0
    const client = createClient({ fetch: fetchOf(browser), onSessionLost: () => lost++ })
    const { told, heard } = listen(t, client)
    await heard('open')
    const elsewhere = new Browser()
    await elsewhere.signIn(email)
    await elsewhere.client.revokeOtherSessions()
    await until('the end', () => told.some(([kind, , final]) => kind === 'closed' && final))
    assert.deepEqual(told.at(-1), ['closed', 'SESSION_EXPIRED', true])
    assert.equal(lost, 1)
  })
})
