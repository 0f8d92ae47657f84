// The session of a page (client/session.js): a server and a clock of the test, and tabs that are
// connected by a real BroadcastChannel.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { createSession } from '../../../bff/spa/client/session.js'
import { until } from './support.js'

// Node has no window.
const window = new EventTarget()
for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = window[name].bind(window)

const minute = 60_000
const ada = { id: 'usr_ada', name: 'Ada', email: 'ada@example.com', emailVerified: false }
const bob = { ...ada, id: 'usr_bob', name: 'Bob' }
const breath = () => new Promise((done) => setImmediate(done))

// FakeServer has one session, and its own clock.
class FakeServer {
  time = Date.parse('2026-02-03T12:00:00Z')
  lifetime = 30 * minute
  user = ada
  ends = this.time + this.lifetime
  latest = this.time + 600 * minute
  away = false
  asked = []
  requests = []
  refusals = 0 // how many requests get a 401 although the session is valid

  extend() {
    this.ends = Math.min(this.time + this.lifetime, this.latest)
  }

  fetch = async (url, init = {}) => {
    if (this.away) throw new TypeError('away')
    const body = (status, value) => new Response(JSON.stringify(value), { status, headers: { Date: new Date(this.time).toUTCString(), 'Content-Type': 'application/json' } })
    if (this.ends <= this.time) this.user = null
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    if (pathname.endsWith('/session')) {
      this.asked.push(searchParams.get('peek') ? 'peek' : 'read')
      await (this.slow ?? breath())
      if (!this.user) return body(200, null)
      if (!searchParams.get('peek')) this.extend()
      const updatedAt = new Date(this.ends - this.lifetime).toISOString()
      return body(200, { user: this.user, session: { token: 'handle', updatedAt }, expiresAt: new Date(this.ends).toISOString(), maxExpiresAt: new Date(this.latest).toISOString() })
    }
    this.requests.push([init.method ?? 'GET', pathname, new Headers(init.headers).get('Idempotency-Key'), init.body])
    if (!this.user || this.refusals-- > 0) return body(401, { code: this.user ? 'SESSION_EXPIRED' : 'NO_SESSION', message: 'no' })
    return body(201, { ok: true })
  }
}

// FakeClock is a device's: wrong says by how much its time of day differs.
class FakeClock {
  constructor(server, wrong = 0) {
    Object.assign(this, { server, wrong, began: server.time, asleep: 0, timers: [] })
  }
  now = () => this.server.time + this.wrong
  elapsed = () => this.server.time - this.began - this.asleep
  setTimeout = (run, ms) => {
    const timer = { run, at: this.elapsed() + ms }
    this.timers.push(timer)
    return timer
  }
  clearTimeout = (timer) => { this.timers = this.timers.filter((t) => t !== timer) }

  async run() {
    for (const timer of this.timers.filter((t) => t.at <= this.elapsed())) {
      this.clearTimeout(timer)
      timer.run()
      for (let i = 0; i < 8; i++) await breath()
    }
  }
}

// pass lets time pass at the server and at the devices.
async function pass(server, clocks, ms) {
  for (const end = server.time + ms; server.time < end;) {
    server.time += Math.min(1000, end - server.time)
    for (const clock of clocks) await clock.run()
  }
}

let channels = 0
function setUp(t, { tabs = 1, wrong = 0, server = new FakeServer(), ...options } = {}) {
  const channel = `test-${process.pid}-${++channels}`
  const clocks = Array.from({ length: tabs }, () => new FakeClock(server, wrong))
  const kits = clocks.map((clock) => createSession({ fetch: server.fetch, clock, channel, ...options }))
  t.after(() => kits.forEach((kit) => kit.close()))
  return { server, clocks, kits, kit: kits[0], clock: clocks[0] }
}

const states = (kits) => kits.map((kit) => kit.get().state).join()
const all = (kits, state) => until(`all tabs are ${state}`, () => kits.every((kit) => kit.get().state === state))

describe('who is signed in', () => {
  test('is what the server says', async (t) => {
    const { kit, server } = setUp(t)
    const seen = []
    kit.follow(() => seen.push(kit.get().state))
    await kit.load()
    assert.deepEqual([kit.get().user, kit.get().handle], [ada, 'handle'])
    server.user = null
    await kit.load()
    assert.deepEqual(seen, ['in', 'lost'])
    assert.equal(kit.get().user.id, ada.id, 'the user of a lost session is not known any more')
    kit.leave('bye')
    assert.deepEqual([kit.get().state, kit.get().user, kit.get().why], ['out', null, 'bye'])
  })

  test('is not known without the server, and what is known stays', async (t) => {
    const { kit, server } = setUp(t)
    server.away = true
    await kit.load()
    assert.equal(kit.get().state, 'away')
    server.away = false
    await kit.retry()
    server.away = true
    await kit.load()
    assert.equal(kit.get().state, 'in')
  })

  test('is not what a captive portal says', async (t) => {
    for (const body of ['<h1>hotel</h1>', '{}', '{"user":{}}', '[]', 'true']) {
      const { kit } = setUp(t, { fetch: async () => new Response(body) })
      await kit.load()
      assert.equal(kit.get().state, 'away', body)
    }
  })

  test('a late answer about an older session changes nothing', async (t) => {
    let release
    const { kit, server } = setUp(t, { fetch: (url, init) => (release ? server.fetch(url, init) : new Promise((done) => { release = () => done(new Response('null')) })) })
    const late = kit.load()
    kit.enter({ user: ada, token: 'new' })
    release()
    await late
    assert.deepEqual([kit.get().state, kit.get().handle], ['in', 'new'])
  })
})

// What a browser does to a page that it has kept for "back".
const restore = (kit) => window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })) && kit.get()

describe('a page that is restored', () => {
  for (const [who, name, state] of [[ada, 'the same user', 'in'], [bob, 'another user', 'in'], [null, 'nobody', 'lost']]) {
    test(`shows nothing before the server has answered that it is ${name}`, async (t) => {
      const { kit, server } = setUp(t)
      await kit.load()
      const seen = []
      kit.follow(() => seen.push([kit.get().state, kit.get().user.id]))
      server.user = who
      assert.deepEqual([restore(kit).state, kit.get().user], ['loading', ada])
      await until('the answer', () => seen.length > 1)
      assert.deepEqual(seen, [['loading', ada.id], [state, (who ?? ada).id]])
    })
  }

  test('says after three seconds that there is no answer, and still waits for it', async (t) => {
    const { kit, server, clocks } = setUp(t)
    await kit.load()
    let release
    server.slow = new Promise((done) => { release = done })
    restore(kit)
    await pass(server, clocks, 2000)
    assert.equal(kit.get().state, 'loading')
    await pass(server, clocks, 2000)
    assert.deepEqual([kit.get().state, kit.get().user], ['away', ada])
    kit.lost() // its stream says so; the answer decides
    assert.equal(kit.get().state, 'away')
    release()
    await until('the late answer', () => kit.get().state === 'in')
  })

  test('does not trust what it knew when the server cannot be reached', async (t) => {
    const { kit, server } = setUp(t)
    await kit.load()
    server.away = true
    restore(kit)
    await until('the failure', () => kit.get().state === 'away')
    const sent = server.requests.length
    server.away = false
    server.user = bob
    await kit.retry()
    assert.deepEqual([kit.get().state, kit.get().user, server.requests.length], ['in', bob, sent])
  })

  test('of nobody, and of a session that has ended, stays what it is until the answer', async (t) => {
    for (const state of ['out', 'lost']) {
      const { kit, server } = setUp(t)
      if (state === 'lost') await kit.load()
      server.user = null
      await kit.load()
      server.away = true
      assert.equal(restore(kit).state, state)
      for (let i = 0; i < 8; i++) await breath()
      assert.equal(kit.get().state, state)
      kit.close()
    }
  })
})

describe('the tabs', () => {
  test('see one expiry, and one return', async (t) => {
    const { kits, server } = setUp(t, { tabs: 3 })
    await Promise.all(kits.map((kit) => kit.load()))
    server.user = null
    server.asked = []
    kits[0].lost()
    await all(kits, 'lost')
    await breath()
    assert.deepEqual(server.asked, ['read', 'read'], 'each of the others asks once')
    server.user = ada
    server.extend()
    kits[1].enter({ user: ada, token: 'b' })
    await all(kits, 'in')
  })

  test('are not signed out by a word alone', async (t) => {
    const { kits, server } = setUp(t, { tabs: 2 })
    await Promise.all(kits.map((kit) => kit.load()))
    const before = server.asked.length
    kits[0].lost() // wrongly
    await until('the other asks', () => server.asked.length > before)
    for (let i = 0; i < 8; i++) await breath()
    assert.equal(kits[1].get().state, 'in')
  })

  test('sign out together', async (t) => {
    const { kits } = setUp(t, { tabs: 2 })
    await Promise.all(kits.map((kit) => kit.load()))
    kits[0].leaveEverywhere()
    await all(kits, 'out')
    assert.deepEqual([kits[0].get().why, kits[1].get().why, kits[1].get().user], ['', 'elsewhere', null])
  })
})

describe('a request', () => {
  const save = (kit, more) => kit.fetch('/api/proxy/usr_ada/tasks', { method: 'POST', headers: { 'Idempotency-Key': 'k' }, body: 'text', ...more })

  test('is sent once more with the same key if the session is still valid', async (t) => {
    const { kit, server } = setUp(t)
    await kit.load()
    server.refusals = 1
    assert.equal((await save(kit)).status, 201)
    assert.deepEqual(server.requests, Array(2).fill(['POST', '/api/proxy/usr_ada/tasks', 'k', 'text']))
    server.refusals = 9
    assert.equal((await save(kit)).status, 401)
    assert.equal(server.requests.length, 4, 'it is sent twice at most')
  })

  test('notices the end, and is not sent again', async (t) => {
    const { kit, server } = setUp(t)
    await kit.load()
    server.user = null
    assert.equal((await save(kit)).status, 401)
    assert.deepEqual([kit.get().state, server.requests.length], ['lost', 1])
  })

  test('of one user is not sent for another', async (t) => {
    const { kit, server } = setUp(t)
    server.user = bob
    await kit.load()
    await assert.rejects(save(kit, { userId: ada.id }), /Somebody else/)
    assert.deepEqual(server.requests, [])
  })

  for (const [who, name, sent, status] of [[ada, 'the same user', 2, 201], [bob, 'another user', 1, 401], [null, 'nobody', 1, 401]]) {
    test(`that is held is sent ${sent === 2 ? 'once more' : 'never again'} when ${name} returns`, async (t) => {
      const { kit, server } = setUp(t)
      await kit.load()
      server.user = null
      const held = save(kit, { hold: true })
      await until('the end is noticed', () => kit.get().state === 'lost')
      server.user = who
      server.extend()
      if (who) kit.enter({ user: who, token: 'x' })
      else kit.leave()
      assert.equal((await held).status, status)
      assert.equal(server.requests.length, sent)
    })
  }
})

describe('the warning', () => {
  for (const wrong of [0, -26 * 60 * minute, 26 * 60 * minute]) {
    test(`comes two minutes before the end, on a device whose clock is ${wrong / 60 / minute} h wrong`, async (t) => {
      const { kit, server, clocks } = setUp(t, { wrong })
      await kit.load()
      await pass(server, clocks, 27 * minute)
      assert.equal(kit.get().warning, null)
      await pass(server, clocks, 1.5 * minute)
      assert.equal(kit.get().warning, 'stay')
      assert.ok(Math.abs(kit.left() - 1.5 * minute) < 2000, `got ${kit.left()} ms`)
      assert.ok(!server.asked.slice(1).includes('read'), 'the session was extended without a question')
      await pass(server, clocks, 2 * minute)
      assert.deepEqual([kit.get().state, kit.get().warning], ['lost', null])
    })
  }

  test('ends in all tabs when the user stays in one', async (t) => {
    const { kits, server, clocks } = setUp(t, { tabs: 3 })
    await Promise.all(kits.map((kit) => kit.load()))
    await pass(server, clocks, 28.5 * minute)
    assert.deepEqual(kits.map((kit) => kit.get().warning), Array(3).fill('stay'))
    assert.equal(await kits[0].stay(), true)
    await until('no tab warns', () => kits.every((kit) => kit.get().warning === null))
    await pass(server, clocks, 20 * minute)
    assert.equal(states(kits), 'in,in,in')
  })

  test('ends when something else has used the session', async (t) => {
    const { kit, server, clocks } = setUp(t)
    await kit.load()
    await pass(server, clocks, 28.5 * minute)
    server.extend()
    await pass(server, clocks, minute)
    assert.equal(kit.get().warning, null)
  })

  test('stays while the server cannot be reached', async (t) => {
    const { kit, server, clocks } = setUp(t)
    await kit.load()
    await pass(server, clocks, 28.5 * minute)
    server.away = true
    assert.equal(await kit.stay(), false)
    assert.equal(kit.get().warning, 'stay')
    server.away = false
    await pass(server, clocks, minute) // it was asked for, so it is tried again
    assert.deepEqual([kit.get().state, kit.get().warning], ['in', null])
    assert.ok(kit.left() > 28 * minute)
  })

  test('says when staying is not possible', async (t) => {
    const { kit, server, clocks } = setUp(t)
    server.latest = server.ends
    await kit.load()
    await pass(server, clocks, 28.5 * minute)
    assert.equal(kit.get().warning, 'final')
  })

  test('of a short session comes later', async (t) => {
    const server = new FakeServer()
    server.lifetime = minute
    const { kit, clocks } = setUp(t, { server })
    await kit.load()
    await pass(server, clocks, 0.5 * minute)
    assert.equal(kit.get().warning, null)
    await pass(server, clocks, 0.4 * minute)
    assert.equal(kit.get().warning, 'stay')
  })

  test('comes also if its time comes between two looks at the clock', async (t) => {
    for (let late = 0; late < 12; late++) {
      const server = new FakeServer()
      server.lifetime = 80_000
      server.time += late
      server.extend()
      const { kit, clocks, clock } = setUp(t, { server })
      const { now } = clock
      clock.now = () => ((server.time += 1), now()) // each look takes a millisecond
      await kit.load()
      await pass(server, clocks, 64_000)
      assert.equal(kit.get().warning, 'stay', `the session began ${late} ms after the full second`)
    }
  })

  test('comes also if its time comes while the page is drawn', async (t) => {
    const server = new FakeServer()
    server.lifetime = 80_000
    const { kit, clocks } = setUp(t, { server })
    await kit.load()
    server.time += 5
    server.extend() // another tab; then this one asks 20.005 seconds before the end
    server.time -= 5
    kit.follow(() => { server.time += 10 })
    await pass(server, clocks, 64_000)
    assert.equal(kit.get().warning, 'stay')
  })

  test('comes after a sleep in which no clock but the time of day ran', async (t) => {
    const { kit, server, clocks, clock } = setUp(t)
    await kit.load()
    server.time += 28.5 * minute
    clock.asleep = 28.5 * minute
    await pass(server, clocks, 0.6 * minute)
    assert.equal(kit.get().warning, 'stay')
  })

  test('does not come because somebody sets the clock', async (t) => {
    const { kit, server, clocks, clock } = setUp(t)
    await kit.load()
    clock.wrong = 60 * minute
    await pass(server, clocks, 2 * minute)
    assert.equal(kit.get().warning, null)
    clock.wrong = -60 * minute // and it is not forgotten either
    await pass(server, clocks, 26.5 * minute)
    assert.equal(kit.get().warning, 'stay')
  })
})

test('a server that is away when the session ends is asked twice a minute', async (t) => {
  const server = Object.assign(new FakeServer(), { tries: 0 })
  const { kit, clocks } = setUp(t, { server, fetch: (...args) => (server.tries++, server.fetch(...args)) })
  await kit.load()
  await pass(server, clocks, 29 * minute)
  server.away = true
  await pass(server, clocks, 2 * minute)
  server.tries = 0
  await pass(server, clocks, 10 * minute)
  assert.ok(server.tries >= 10 && server.tries <= 21, `got ${server.tries} requests in ten minutes`)
  assert.equal(kit.get().state, 'in')
  server.away = false
  await pass(server, clocks, minute)
  assert.equal(kit.get().state, 'lost')
})

test('a kit that is closed asks nothing more', async (t) => {
  const { kit, server, clocks, clock } = setUp(t)
  await kit.load()
  kit.close()
  server.asked = []
  await pass(server, clocks, 40 * minute)
  assert.deepEqual([server.asked, clock.timers], [[], []])
})
