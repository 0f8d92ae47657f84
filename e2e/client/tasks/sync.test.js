// The changes of the app that are not saved yet (app/sync.js and resend.js), without a page: the
// server is the test's.
import '../webcrypto.js'

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { createResend } from '../../../bff/spa/app/resend.js'
import { createSync } from '../../../bff/spa/app/sync.js'
import { ApiError, NetworkError } from '../../../bff/spa/client/index.js'
import { task, until } from './support.js'

const refusal = (status, more = {}) => new ApiError('no', { status, code: 'NO', ...more })

// FakeKind is a kind of record, with its server.
class FakeKind {
  stored = new Map()
  sent = []
  fails = [] // the next answers, if they are no good ones: an error, 'lost' (done, but without an answer), or null
  made = new Map() // by Idempotency-Key

  async #answer(what, work) {
    this.sent.push(what)
    await new Promise((done) => setImmediate(done))
    const fail = this.fails.shift()
    if (fail && fail !== 'lost') throw fail
    const result = work()
    if (fail === 'lost') throw new NetworkError('NETWORK')
    return result
  }
  create = (change, key) => this.#answer(`create ${change.title} ${key}`, () => {
    if (!this.made.has(key)) this.made.set(key, this.#store(this.stored.size + 1, change))
    return this.made.get(key)
  })
  update = (id, change) => this.#answer(`update ${id}`, () => {
    if (!this.stored.has(id)) throw refusal(404)
    return this.#store(id, change)
  })
  remove = (id) => this.#answer(`remove ${id}`, () => this.stored.delete(id))
  read = async (id) => ({ ...this.stored.get(id) })
  hasText = (change) => change.title !== undefined
  differs = (a, b) => a.title !== b.title
  outlasts = () => true

  #store(id, change) {
    const record = { ...task(id), ...this.stored.get(id), ...change, updated_at: new Date(2_000_000_000_000 + this.sent.length).toISOString() }
    this.stored.set(id, record)
    return record
  }
}

function setUp(kind = new FakeKind()) {
  const told = []
  const names = ['lost', 'saved', 'unsaved', 'reported', 'removed', 'notWaiting', 'refused', 'conflict']
  const listeners = Object.fromEntries(names.map((name) => [name, (...args) => told.push([name, ...args])]))
  const page = { in: true, time: 1_000_000 }
  const sync = createSync(kind, { ...listeners, changed() {} }, { isIn: () => page.in, now: () => page.time, pause: async () => {} })
  const add = (title) => sync.push({ kind: 'create', key: 'new-' + title, change: { title } })
  const idle = () => until(() => JSON.stringify(sync.ops()), () => !sync.ops().some((op) => ['queued', 'sending'].includes(op.state)))
  return { kind, sync, told, page, add, idle, heard: () => told.map(([name]) => name) }
}
const keyless = (sent) => sent.map((what) => what.replace(/ [\w-]{30,}$/, ''))
const away = () => new NetworkError('NETWORK')

describe('changes', () => {
  test('are sent in their order, and few at a time', async () => {
    const { kind, sync, add, idle } = setUp()
    for (const title of ['a', 'b', 'c']) add(title)
    sync.push({ kind: 'update', key: 'new-b', change: { completed: true } })
    assert.equal(sync.ops().filter((op) => op.state === 'sending').length, 1)
    await idle()
    assert.deepEqual(keyless(kind.sent).filter((what) => !what.startsWith('update')), ['create a', 'create b', 'create c'])
    assert.ok(keyless(kind.sent).indexOf('update 2') > keyless(kind.sent).indexOf('create b'))
    for (let id = 1; id <= 20; id++) sync.push({ kind: 'update', key: String(100 + id), change: { completed: true } })
    assert.equal(sync.ops().filter((op) => op.state === 'sending').length, 4)
    await idle()
  })

  test('that another page has left: a deletion is sent only if the list still has the record', async () => {
    const { kind, sync, idle } = setUp()
    const left = (id) => ({ kind: 'delete', key: String(id), change: {}, state: 'queued', again: true, idempotencyKey: 'k-' + id, at: 1 })
    sync.adopt([left(1), left(2)])
    await new Promise((done) => setTimeout(done, 20))
    assert.deepEqual(kind.sent, [], 'sent before the list was there')
    sync.records.replace([task(2)], () => false)
    sync.listed()
    await idle()
    assert.deepEqual([kind.sent, sync.ops().length], [['remove 2'], 0])
    sync.adopt([left(3)]) // by a page that has the list
    await idle()
    assert.deepEqual([kind.sent, sync.ops().length], [['remove 2'], 0])
  })

  test('that may have arrived are repeated in order, one at a time, with their keys', async () => {
    const { kind, sync, add, idle, heard } = setUp()
    kind.fails = ['lost', away(), away()]
    for (const title of ['a', 'b', 'c']) add(title)
    await idle()
    assert.deepEqual(sync.ops().map((op) => op.state), ['failed', 'failed', 'failed'])
    const first = kind.sent.splice(0)
    kind.fails = [away()]
    sync.repeat('failed')
    await idle()
    assert.equal(kind.sent.splice(0).length, 1, 'the first that fails stops the rest')
    sync.repeat('failed')
    await idle()
    assert.deepEqual(kind.sent, first)
    assert.deepEqual([...kind.stored.values()].map((r) => r.title), ['a', 'b', 'c'], 'the lost answer made a second one')
    assert.deepEqual(heard(), ['unsaved', 'unsaved', 'unsaved', 'unsaved', 'saved'])
  })

  test('that are repeated stay in front of new ones', async () => {
    const { kind, sync, add, idle } = setUp()
    for (const title of ['a', 'x']) add(title)
    await idle()
    kind.fails = [away(), away()]
    sync.push({ kind: 'update', key: 'new-x', change: { completed: true } })
    add('b')
    await idle()
    assert.deepEqual(sync.ops().map((op) => op.state), ['failed', 'failed'])
    sync.repeat('failed') // the update is under way, and b waits for it
    add('c')
    await idle()
    assert.deepEqual([...kind.stored.values()].map((r) => r.title), ['a', 'x', 'b', 'c'])
  })

  test('that are refused in the middle do not stop the others', async () => {
    const { kind, sync, add, idle, told } = setUp()
    kind.fails = [away(), away(), away()]
    for (const title of ['a', 'b', 'c']) add(title)
    await idle()
    kind.fails = [null, refusal(422)]
    sync.repeat('failed')
    await idle()
    assert.deepEqual([...kind.stored.values()].map((r) => r.title), ['a', 'c'])
    assert.deepEqual(told.filter(([name]) => name === 'refused').map(([, op]) => op.change.title), ['b'])
    assert.equal(sync.ops().length, 0)
  })

  test('are held when the session ends, and sent when the same user is back', async () => {
    const { kind, sync, add, page, idle, heard } = setUp()
    kind.fails = [refusal(401)]
    add('a')
    add('b') // waits for its turn
    page.in = false
    sync.hold()
    await until('the refusal', () => heard().includes('lost'))
    await idle()
    assert.deepEqual(sync.ops().map((op) => op.state), ['held', 'held'])
    page.in = true
    sync.entered()
    sync.repeat('held')
    await idle()
    assert.deepEqual([...kind.stored.values()].map((r) => r.title), ['a', 'b'])
    assert.ok(heard().includes('lost'))
  })

  test('are not sent when another user comes', async () => {
    const { kind, sync, add, idle } = setUp()
    kind.fails = [away()]
    add('a')
    await idle()
    sync.end()
    sync.repeat('failed')
    add('b')
    await new Promise((done) => setTimeout(done, 20))
    assert.equal(kind.sent.length, 1)
  })

  test('of a text are no conflict with themselves', async () => {
    const { kind, sync, add, idle, heard } = setUp()
    add('a')
    await idle()
    kind.fails = ['lost']
    sync.push({ kind: 'update', key: 'new-a', change: { title: 'b' }, before: { ...kind.stored.get(1) } })
    await idle()
    assert.equal(sync.ops()[0].state, 'failed')
    sync.repeat('failed')
    await idle()
    assert.deepEqual([sync.ops().length, kind.stored.get(1).title, heard().includes('conflict')], [0, 'b', false])
  })

  test('of a text that somebody else has changed are a question', async () => {
    const { kind, sync, add, idle, told } = setUp()
    add('a')
    await idle()
    const before = { ...kind.stored.get(1) }
    kind.stored.set(1, { ...before, title: 'theirs', updated_at: '2050-01-01T00:00:00.000Z' })
    sync.records.report(kind.stored.get(1), false)
    sync.push({ kind: 'update', key: 'new-a', change: { title: 'mine' }, before })
    await until('the question', () => told.some(([name]) => name === 'conflict'))
    assert.deepEqual(kind.stored.get(1).title, 'theirs')
  })
})

describe('what failed', () => {
  const failed = async (t, error = away()) => {
    const all = setUp()
    all.kind.fails = [error]
    all.add('a')
    await all.idle()
    all.page.time = Date.now()
    all.sync.ops()[0].at = Date.now()
    const resend = createResend(all.sync, { isIn: () => all.page.in, now: () => all.page.time })
    t.after(() => resend.end())
    return { ...all, resend }
  }

  test('is sent again by itself, after a pause', async (t) => {
    const { kind, sync, resend } = await failed(t)
    const began = Date.now()
    for (let i = 0; i < 50; i++) resend.later() // a network that comes and goes
    await until('it is saved', () => sync.ops().length === 0)
    assert.ok(Date.now() - began > 900, 'there was no pause')
    assert.equal(kind.sent.length, 2)
  })

  test('is not sent before the server\'s Retry-After, nor for ever, nor when its key is too old, nor without a session', async (t) => {
    const { sync, resend, page } = await failed(t)
    const [op] = sync.ops()
    assert.ok(resend.may(op))
    for (const change of [{ repeats: 20 }, { at: page.time - 24 * 3_600_000 }]) assert.ok(!resend.may({ ...op, ...change }), JSON.stringify(change))
    op.notBefore = Date.now() + 60_000
    resend.later()
    page.in = false
    await new Promise((done) => setTimeout(done, 2100))
    assert.equal(sync.ops()[0].state, 'failed')
  })
})
