// The session of a page behind the BFF, without a framework: who is signed in, the end of the
// session, the way back after it, and the warning before it. session.d.ts describes each function;
// docs/client.md shows how to use them.
//
// The rules:
//   - Only the server decides. A message of another tab, a 401, a timer or a waking laptop only makes
//     the page ask. So a wrong clock of the device asks too early or too late, but decides nothing.
//   - An answer to a question that is older than the latest change is dropped.
//   - A session that ends keeps its user. If the same user returns, the page goes on. Anybody else
//     gets a page without anything of the first user, and nothing of theirs is sent.
//   - A page that the browser restores for "back" knows nothing: meanwhile, somebody else may have
//     signed in. It keeps its user too, and shows nothing of them before the server has answered.
import { createDeadline, ownClock } from './deadline.js'
import { tabs } from './tabs.js'

const slice = 30_000 // ms; a laptop that slept notices after that time at the latest
const unseen = 60_000 // ms; a page that was hidden for longer asks when it is shown
const patience = 20_000 // ms for an answer
const restoring = 3_000 // ms; then a restored page says that there is no answer, and still waits for it

/** @import * as Types from './session.js' */

/** @type {Types.SessionState} */
const unknown = { state: 'loading', user: null, handle: '', why: '', warning: null }

/** @type {typeof Types.createSession} */
export function createSession({ baseURL = '', fetch, channel = 'vestibule.session', warnBefore = 120_000, clock = ownClock } = {}) {
  const base = baseURL.replace(/\/+$/, '')
  const send = (/** @type {Parameters<typeof globalThis.fetch>} */ ...args) => (fetch ?? globalThis.fetch)(...args)
  let now = unknown
  /** @type {Set<() => void>} */
  const followers = new Set()
  let epoch = 0 // counts changes
  let doubted = -1 // the epoch in which a request was refused twice
  let asked = 0 // when the server was last asked (clock.now)
  let confirmed = 0 // when it last confirmed that somebody is signed in (clock.elapsed)
  /** @type {Promise<void> | null} */
  let checking = null
  let staying = false // the user wants to stay, but the server has not extended the session yet
  const end = createDeadline(clock, warnBefore)
  /** @type {unknown} */
  let timer
  /** @type {unknown} */
  let restoringTimer

  /** @param {Types.SessionState} next */
  function set(next) {
    now = next
    for (const follower of [...followers]) follower()
  }

  /** @param {Types.SessionState} next */
  function replace(next) {
    epoch++
    if (next.state !== 'in') end.note(null, NaN)
    set(next)
    schedule()
  }

  // --- asking the server ---------------------------------------------------------------

  /** @param {string} query */
  async function ask(query) {
    asked = clock.now()
    const answer = await send(base + '/api/auth/session' + query, {
      headers: { Accept: 'application/json' }, credentials: 'include', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(patience),
    })
    const body = answer.ok ? await answer.json() : undefined
    // JSON without a user, such as that of a captive portal, does not come from our server.
    if (body !== null && typeof body?.user?.id !== 'string') throw new Error(`no answer about the session (${answer.status})`)
    return { found: /** @type {Types.SessionAnswer | null} */ (body), date: Date.parse(answer.headers.get('Date') ?? '') }
  }

  /** @param {{ heard?: boolean }} [how] heard: from another tab, so the others need not be told */
  async function load({ heard = false } = {}) {
    const before = ++epoch
    const answer = await ask('').catch(() => null)
    if (before !== epoch) return
    // An unreachable server does not end a session, so a signed-in user stays signed in.
    if (!answer) return void (now.state === 'loading' && replace({ ...now, state: 'away' }))
    if (answer.found) enter(answer.found, answer.date)
    else gone(heard)
  }

  /** Asks how long the session lasts, without extending it. */
  async function peek() {
    const before = epoch
    const answer = await ask('?peek=true').catch(() => null)
    if (!answer || before !== epoch) return // the next tick asks again
    if (!answer.found) gone(false)
    else if (answer.found.user.id !== now.user?.id) await load()
    else {
      end.note(answer.found, answer.date)
      set({ ...now, warning: warning() })
      schedule()
    }
  }

  /** @param {Types.SessionAnswer} found @param {number} date */
  function enter(found, date) {
    confirmed = clock.elapsed()
    const { user } = found
    const handle = found.session?.token ?? found.token ?? ''
    end.note(found, date)
    replace({ state: 'in', user, handle, why: '', warning: warning() })
  }

  /** @param {boolean} heard */
  function gone(heard) {
    if (now.state === 'lost') return
    if (!now.user) return replace({ ...unknown, state: 'out', why: now.why })
    replace({ ...now, state: 'lost', warning: null })
    if (!heard) others.tell('lost')
  }

  // --- the end that can be foreseen ----------------------------------------------------

  function warning() {
    if (!end.isNear()) {
      staying = false
      return null
    }
    if (end.final()) return 'final'
    // Who wants to stay is not asked again while the server still has time to extend the session.
    return staying && !end.isVeryNear() ? null : 'stay'
  }

  function schedule() {
    clock.clearTimeout(timer)
    if (now.state !== 'in') return
    timer = clock.setTimeout(() => void tick(), Math.min(slice, Math.max(1000, end.next())))
    Object(timer).unref?.() // Node would wait for it
  }

  async function tick() {
    if (!end.known() || end.look()) await (staying && !end.final() ? load() : peek())
    schedule()
  }

  // --- the other tabs and the browser --------------------------------------------------

  const others = tabs(channel, (word) => {
    if (word === 'in') void load({ heard: true })
    else if (word === 'stay') void (now.state === 'in' && peek())
    else if (word === 'lost') void (now.state === 'in' && load({ heard: true }))
    else if (word === 'out' && now.state !== 'out') replace({ ...unknown, state: 'out', why: 'elsewhere' })
  })

  const restored = (/** @type {Event} */ event) => {
    if (!(/** @type {PageTransitionEvent} */ (event).persisted)) return
    if (now.state === 'in') replace({ ...now, state: 'loading', warning: null })
    void load()
    clock.clearTimeout(restoringTimer)
    // Not with replace: an answer that comes later still counts.
    restoringTimer = clock.setTimeout(() => now.state === 'loading' && set({ ...now, state: 'away' }), restoring)
    Object(restoringTimer).unref?.()
  }
  // A page that wakes may have missed the end.
  const seen = () => {
    if (globalThis.document?.visibilityState !== 'visible' || now.state !== 'in') return
    if (clock.now() - asked > unseen) void load()
    else if (end.look()) void peek()
  }
  globalThis.addEventListener?.('pageshow', restored)
  globalThis.document?.addEventListener('visibilitychange', seen)

  // --- requests ------------------------------------------------------------------------

  /** @type {Types.SessionKit['isStillValid']} */
  async function isStillValid(sent, userId = now.user?.id) {
    const isIn = () => now.state === 'in' && now.user?.id === userId
    if (isIn() && sent >= confirmed) await (checking ??= load().finally(() => (checking = null)))
    return isIn()
  }

  /** @type {Types.SessionKit['returned']} */
  function returned() {
    const { user } = now
    return new Promise((resolve) => {
      const check = () => {
        if (now.state !== 'in' && now.state !== 'out') return
        followers.delete(check)
        resolve(user !== null && now.user?.id === user.id)
      }
      followers.add(check)
      check()
    })
  }

  /** @type {Types.SessionKit['fetch']} */
  async function guarded(url, { hold = false, userId = now.user?.id, ...init } = {}) {
    if (userId !== now.user?.id) throw new TypeError('Somebody else is signed in: the request is not sent.')
    const sent = clock.elapsed()
    const again = url instanceof Request ? url.clone() : url
    const answer = await send(url, init)
    if (answer.status !== 401 || userId === undefined) return answer
    if (!(await isStillValid(sent, userId))) {
      if (!hold || now.user?.id !== userId || !(await returned())) return answer
    }
    void answer.body?.cancel()
    const second = await send(again, init)
    if (second.status === 401) doubted = epoch
    return second
  }

  return {
    get: () => now,
    follow(listener) {
      followers.add(listener)
      return () => void followers.delete(listener)
    },
    load: () => load(),
    retry() {
      replace({ ...now, state: 'loading' })
      return load()
    },
    enter(answer) {
      enter(answer, NaN)
      others.tell('in')
    },
    update({ user, handle }) {
      if (handle !== undefined) confirmed = clock.elapsed()
      if (now.user) set({ ...now, user: { ...now.user, ...user }, handle: handle ?? now.handle })
      if (user) others.tell('in')
    },
    lost() {
      // While the server is asked, its answer decides. If it says that the session is valid and refuses
      // the session's requests all the same, the other tabs would learn nothing by asking.
      if (now.state === 'in') gone(doubted === epoch)
    },
    leave(why = '') {
      replace({ ...unknown, state: 'out', why })
    },
    leaveEverywhere(why = '') {
      replace({ ...unknown, state: 'out', why })
      others.tell('out')
    },
    async stay() {
      staying = true
      await load()
      others.tell('stay')
      return now.state === 'in' && now.warning === null
    },
    left: end.left,
    isStillValid,
    returned,
    fetch: guarded,
    close() {
      clock.clearTimeout(timer)
      clock.clearTimeout(restoringTimer)
      others.close()
      followers.clear()
      globalThis.removeEventListener?.('pageshow', restored)
      globalThis.document?.removeEventListener('visibilitychange', seen)
    },
  }
}
