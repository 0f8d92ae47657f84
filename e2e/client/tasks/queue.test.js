// The changes that survive a reload (app/queue.js). The storage and the locks are the test's: Node has none.
import '../webcrypto.js'

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { createQueue, waiting } from '../../../bff/spa/app/queue.js'
import { until } from './support.js'

// FakeStorage is a localStorage: its keys are its properties.
class FakeStorage {
  full = false
  constructor() {
    Object.defineProperty(this, 'full', { enumerable: false, writable: true })
  }
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null }
  setItem(key, value) {
    if (this.full) throw new DOMException('no room', 'QuotaExceededError')
    this[key] = value
  }
  removeItem(key) { delete this[key] }
}

// FakeLocks are the Web Locks of a browser. A tab that is killed loses its locks.
class FakeLocks {
  held = new Map() // the ends of the queues for the locks
  tab() {
    const killed = new Promise((done) => { this.kill = done })
    const kill = this.kill
    return {
      kill,
      request: async (name, { signal }, work) => {
        const before = this.held.get(name) ?? Promise.resolve()
        let free
        this.held.set(name, before.then(() => new Promise((done) => { free = done })))
        const aborted = new Promise((_, refuse) => signal.addEventListener('abort', () => refuse(new DOMException('aborted', 'AbortError'))))
        aborted.catch(() => {})
        try {
          await Promise.race([before, aborted])
          await Promise.race([work(), killed])
        } finally {
          void before.then(() => free())
        }
      },
    }
  }
}

const op = (key, more = {}) => ({ kind: 'create', key, change: { title: key }, idempotencyKey: 'k-' + key, at: Date.now(), state: 'failed', ...more })
const entries = (storage) => Object.keys(storage).length
const breath = () => new Promise((done) => setTimeout(done, 20))

function browser() {
  const storage = new FakeStorage()
  const locks = new FakeLocks()
  // open opens a tab of a user. Its changes are those that it adopts and those that the test keeps.
  const open = (user = 'usr_ada', yields = () => false) => {
    const tab = locks.tab()
    const adopted = []
    const taken = []
    const adopt = (ops) => {
      adopted.push(...ops)
      queue.keep(adopted)
    }
    const queue = createQueue(user, { adopt, taken: (keys) => taken.push(...keys), yields }, { storage, locks: tab })
    queue.begin()
    return { queue, adopted, taken, kill: tab.kill }
  }
  return { storage, open }
}

describe('a queue', () => {
  test('survives its page, with its keys and its order, and has one heir', async () => {
    const { storage, open } = browser()
    const first = open()
    first.queue.keep([op('a'), op('b')])
    await until('it is stored', () => entries(storage) === 1)
    assert.deepEqual([waiting('usr_ada', storage), waiting('usr_bob', storage)], [2, 0])
    const heirs = [open(), open()]
    await breath()
    assert.deepEqual(heirs.map((tab) => tab.adopted.length), [0, 0], 'two tabs have the same changes')
    first.kill()
    await until('somebody has it', () => heirs.some((tab) => tab.adopted.length > 0))
    await breath()
    const all = heirs.flatMap((tab) => tab.adopted)
    assert.deepEqual(all.map((o) => [o.key, o.idempotencyKey]), [['a', 'k-a'], ['b', 'k-b']])
    assert.equal(entries(storage), 1, 'the old entry stays')
  })

  test('knows whether a reload loses a change', async () => {
    const { storage, open } = browser()
    const { queue } = open()
    const all = Array.from({ length: 200 }, (_, i) => op('k' + i))
    assert.equal(queue.holds([]), true)
    assert.equal(queue.holds([...all, op('can be undone', { state: 'waiting' })]), true)
    assert.equal(queue.holds([...all, op('one too many')]), false)
    assert.equal(queue.holds([op('a', { change: { title: 'x'.repeat(500_000) } })]), false)
    assert.equal(createQueue('usr_ada', { adopt() {}, taken() {} }, null).holds([op('a')]), false)
    storage.full = true
    queue.keep([op('a')])
    await until('the storage is full', () => !queue.holds([op('a')]))
    storage.full = false
    queue.keep([op('b')])
    await until('it has room again', () => queue.holds([op('b')]))
  })

  test('goes to a tab in which the person sees what becomes of it', async (t) => {
    const { storage, open } = browser()
    const first = open()
    first.queue.keep([op('a')])
    await until('it is stored', () => entries(storage) === 1)
    const hidden = open('usr_ada', () => true)
    t.after(() => hidden.queue.end())
    first.kill()
    await breath()
    const reloaded = open()
    await until('a tab has it', () => reloaded.adopted.length + hidden.adopted.length > 0)
    assert.deepEqual([reloaded.adopted.length, hidden.adopted.length], [1, 0])
  })

  test('goes to a tab that was hidden when it is shown', async () => {
    const { storage, open } = browser()
    const first = open()
    first.queue.keep([op('a')])
    await until('it is stored', () => entries(storage) === 1)
    let isHidden = true
    const hidden = open('usr_ada', () => isHidden)
    first.kill()
    await breath()
    assert.equal(hidden.adopted.length, 0)
    isHidden = false
    hidden.queue.shown()
    await until('the tab has it', () => hidden.adopted.length > 0)
  })

  test('goes to a tab with another page if there is no other one', async (t) => {
    const { storage, open } = browser()
    const first = open()
    first.queue.keep([op('a')])
    await until('it is stored', () => entries(storage) === 1)
    const real = globalThis.setTimeout
    t.mock.method(globalThis, 'setTimeout', (run, ms) => real(run, ms === 10_000 ? 1 : ms))
    const other = open('usr_ada', (waited) => !waited)
    first.kill()
    await until('the tab has it', () => other.adopted.length > 0)
  })

  test('leaves nothing when all is saved', async () => {
    const { storage, open } = browser()
    const { queue } = open()
    queue.keep([op('a')])
    await until('it is stored', () => entries(storage) === 1)
    queue.keep([])
    await breath()
    assert.equal(entries(storage), 0)
    queue.keep([op('b')])
    queue.keep([]) // before it was stored
    await new Promise((done) => setTimeout(done, 300))
    assert.equal(entries(storage), 0)
    queue.keep([op('c')])
    await until('it is stored again', () => entries(storage) === 1)
  })

  test('of a page that is left passes to another tab, even if the browser keeps the page', async () => {
    const { storage, open } = browser()
    const first = open()
    first.queue.keep([op('a')])
    await until('it is stored', () => entries(storage) === 1)
    first.queue.leave([op('a'), op('b')])
    first.queue.back() // nobody was there
    await breath()
    assert.deepEqual(first.taken, [])
    first.queue.leave([op('a'), op('b')])
    const second = open()
    await until('it is taken over', () => second.adopted.length === 2)
    await breath()
    first.queue.back()
    await until('the first knows', () => first.taken.length > 0)
    assert.deepEqual(first.taken, ['k-a', 'k-b'])
  })

  test('has what the browser does not send by itself when the page closes', async () => {
    const { storage, open } = browser()
    const { queue } = open()
    queue.leave([op('short', { state: 'sending', sent: true }), op('long', { state: 'sending' })])
    assert.deepEqual(Object.values(storage).flatMap(JSON.parse).map((o) => o.key), ['long'])
  })

  test('has a deletion although it was sent, because a slow browser may drop it', async () => {
    const { storage, open } = browser()
    const { queue } = open()
    queue.leave([op('1', { state: 'sending', sent: true, kind: 'update' }), op('2', { state: 'sending', sent: true, kind: 'delete' })])
    assert.deepEqual(Object.values(storage).flatMap(JSON.parse).map((o) => o.key), ['2'])
  })

  test('has a creation with the change that waits for it', async () => {
    const { storage, open } = browser()
    const { queue } = open()
    queue.leave([op('new', { state: 'sending', sent: true }), op('new', { kind: 'update', state: 'queued', idempotencyKey: 'k-2' })])
    assert.deepEqual(Object.values(storage).flatMap(JSON.parse).map((o) => o.kind), ['create', 'update'])
  })

  test('is neither read nor kept for another user', async () => {
    const { storage, open } = browser()
    const first = open('usr_ada')
    first.queue.keep([op('secret')])
    await until('it is stored', () => entries(storage) === 1)
    first.kill()
    const second = open('usr_bob')
    await breath()
    assert.deepEqual([second.adopted, entries(storage)], [[], 0])
  })

  test('ends with a log-out, in all tabs', async () => {
    const { storage, open } = browser()
    const tabs = [open(), open()]
    for (const { queue } of tabs) queue.keep([op('a')])
    await until('both are stored', () => entries(storage) === 2)
    for (const { queue } of tabs) queue.end()
    tabs[0].queue.keep([op('late')])
    await new Promise((done) => setTimeout(done, 300))
    assert.equal(entries(storage), 0)
  })

  test('is bounded in number, size and time, and has no deletion that can be undone', async () => {
    const { storage, open } = browser()
    const stored = async (ops) => {
      const { queue, kill } = open()
      queue.keep(ops)
      await until('it is stored', () => entries(storage) === 1)
      kill()
      const [text] = Object.values(storage)
      storage.removeItem(Object.keys(storage)[0])
      return JSON.parse(text)
    }
    const many = Array.from({ length: 300 }, (_, i) => op('n' + i))
    assert.deepEqual((await stored(many)).map((o) => o.key), many.slice(0, 200).map((o) => o.key))
    const long = Array.from({ length: 100 }, (_, i) => op('l' + i, { change: { title: 'x'.repeat(10_000) } }))
    const kept = await stored(long)
    assert.ok(kept.length > 40 && JSON.stringify(kept).length <= 501_000, `got ${kept.length}`)
    assert.deepEqual((await stored([op('w', { state: 'waiting' }), op('x')])).map((o) => o.key), ['x'])

    storage.setItem('vestibule.queue.usr_ada.old', JSON.stringify([op('old', { at: Date.now() - 8 * 86_400_000 }), op('new')]))
    storage.setItem('vestibule.queue.usr_ada.bad', '{not JSON')
    const { adopted } = open()
    await until('it is adopted', () => adopted.length > 0)
    await breath()
    assert.deepEqual(adopted.map((o) => o.key), ['new'])
  })

  test('does without a storage that is full or missing', async () => {
    const { storage, open } = browser()
    const { queue } = open()
    queue.keep([op('a')])
    await until('it is stored', () => entries(storage) === 1)
    storage.full = true
    queue.keep([op('a'), op('b')])
    await breath()
    assert.equal(entries(storage), 0, 'an older state is kept')
    const none = createQueue('usr_ada', { adopt: () => assert.fail('adopted'), taken: assert.fail }, null)
    none.begin()
    none.keep([op('a')])
    none.end()
  })
})
