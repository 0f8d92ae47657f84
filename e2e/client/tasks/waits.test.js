// How long a watch waits before it connects again. These tests wait themselves, so they run
// beside the other files.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { createClient } from '../../../bff/spa/client/index.js'
import { fakePage, listen, send, serve, stream } from './support.js'

describe('a watch', () => {
  // These tests count requests in a period. A busy machine makes fewer, never more.
  test('waits longer and longer for a stream that never lasts', async (t) => {
    const server = await serve(t, (response) => stream(response).end('retry: 100\nid: 1\n\n'))
    const { heard } = listen(t, createClient({ baseURL: server.url }))
    await heard('open', 2)
    await pause(3000)
    assert.ok(server.requests.length <= 9, `${server.requests.length} requests`)
  })

  test('waits as long as it is asked to, whatever the network does meanwhile', async (t) => {
    const page = fakePage(t)
    const servers = []
    for (const seconds of ['20', '99999999999', new Date(Date.now() + 86_400_000).toUTCString()]) {
      const server = await serve(t, (response) => send(response, 503, { error: 'x', code: 'STORE_UNAVAILABLE', message: 'y' }, { 'Retry-After': seconds }))
      await listen(t, createClient({ baseURL: server.url })).heard('closed')
      servers.push(server)
    }
    for (let i = 0; i < 30; i++) {
      page.tell('online')
      await pause(50)
    }
    for (const server of servers) assert.equal(server.requests.length, 1)
  })

  test('waits for a place when too many streams are open', async (t) => {
    const times = []
    const server = await serve(t, (response, _, n) => {
      times.push(Date.now())
      if (n <= 2) return send(response, 429, { error: 'x', code: 'TOO_MANY_STREAMS', message: 'y' }, { 'Retry-After': '1' })
      stream(response).write('id: 1\n\n')
    })
    const page = fakePage(t)
    const { told, heard } = listen(t, createClient({ baseURL: server.url }))
    for (let n = 1; n <= 2; n++) {
      await heard('closed', n)
      for (let i = 0; i < 20; i++) page.tell('online') // which does not shorten what was asked for
    }
    await heard('open')
    assert.deepEqual(told, [['closed', 'TOO_MANY_STREAMS', false], ['closed', 'TOO_MANY_STREAMS', false], ['open', false]])
    assert.ok(times[1] - times[0] >= 990 && times[2] - times[1] >= 990, `requests at ${times}`)
  })

  test('is not driven by a network that comes and goes', async (t) => {
    const server = await serve(t, (response) => response.socket.destroy())
    const page = fakePage(t)
    const { heard } = listen(t, createClient({ baseURL: server.url }))
    await heard('closed')
    for (let i = 0; i < 400; i++) {
      page.tell('online')
      await pause(5)
    }
    assert.ok(server.requests.length >= 2, 'the network is back, and nobody asks')
    assert.ok(server.requests.length <= 20, `${server.requests.length} requests`)
  })

  test('hardly tries while nobody sees the page, and at once when somebody looks', async (t) => {
    const server = await serve(t, (response) => response.socket.destroy())
    const page = fakePage(t)
    page.document.visibilityState = 'hidden'
    const { heard } = listen(t, createClient({ baseURL: server.url }))
    await heard('closed')
    page.tell('online')
    await pause(2500)
    assert.equal(server.requests.length, 1)
    page.document.visibilityState = 'visible'
    page.tell('visibilitychange')
    await heard('closed', 2)
    page.navigator.onLine = false
    await pause(1500) // a wait that had begun before
    const before = server.requests.length
    await pause(1500)
    assert.ok(server.requests.length <= before + 1)
  })
})
