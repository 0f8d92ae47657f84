// With SESSION_FRESH_AGE=3s, on ours alone: a session is not enough for what is
// sensitive, a body that is held open acts on nothing once its session has ended, and
// late answers sign nobody out. The client is the official one.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { Browser, cookieName, password, person, refused, succeeded } from '../harness.js'

const stale = () => pause(3100)

// proven proves the password and makes the call, again where the machine was so slow
// that the proof had ended.
async function proven(b, call) {
  for (let i = 0; ; i++) {
    succeeded(await b.client.$fetch('/verify-password', { method: 'POST', body: { password } }))
    const result = await call()
    if (result.error?.code !== 'SESSION_NOT_FRESH' || i === 20) return result
  }
}

test('what is sensitive asks for the password, and goes on with it', async () => {
  const b = new Browser()
  const elsewhere = new Browser()
  const { email } = await b.signUp()
  await elsewhere.signIn(email)
  const [other] = (await elsewhere.client.listSessions()).data.filter((s) => s.token !== undefined)
  await stale()
  const calls = {
    changeEmail: () => b.client.changeEmail({ newEmail: person('new') }),
    revokeSession: () => b.client.revokeSession({ token: other.token }),
    revokeOtherSessions: () => b.client.revokeOtherSessions(),
    revokeSessions: () => b.client.revokeSessions(),
    deleteUser: () => b.client.deleteUser({}),
  }
  for (const call of Object.values(calls)) refused(await call(), 403, 'SESSION_NOT_FRESH')
  assert.ok(await elsewhere.session(), 'a refused call has ended a session')
  refused(await b.client.$fetch('/verify-password', { method: 'POST', body: { password: 'wrong horse' } }), 400, 'INVALID_PASSWORD')
  refused(await calls.changeEmail(), 403, 'SESSION_NOT_FRESH')
  succeeded(await proven(b, calls.changeEmail))
  succeeded(await proven(b, calls.revokeOtherSessions))
  assert.equal(await elsewhere.session(), null)
  succeeded(await proven(b, calls.deleteUser))
  assert.equal(await b.session(), null)
})

test('a password in the call is a proof', async () => {
  const b = new Browser()
  await b.signUp()
  await stale()
  succeeded(await b.client.changePassword({ currentPassword: password, newPassword: 'another horse' }))
  await stale()
  succeeded(await b.client.deleteUser({ password: 'another horse' }))
})

// holdingFetch asks for the body with Expect: 100-continue, and sends it after
// meanwhile has ended.
const holdingFetch = (b, meanwhile) => (url, init) => new Promise((resolve, reject) => {
  const headers = { ...Object.fromEntries(new Headers(init.headers)), cookie: `${cookieName}=${b.cookies.get(cookieName)}`, origin: b.origin, expect: '100-continue', 'content-length': Buffer.byteLength(init.body) }
  const r = request(url, { method: init.method, headers }, async (res) => {
    let text = ''
    for await (const piece of res) text += piece
    resolve(new Response(text, { status: res.statusCode, statusText: res.statusMessage, headers: { 'content-type': res.headers['content-type'] } }))
  })
  r.on('error', reject)
  r.on('continue', () => {
    r.write(init.body.slice(0, 1))
    meanwhile().then(() => r.end(init.body.slice(1)), reject)
  })
  r.flushHeaders()
})

test('a body that is held open over a revocation acts on nothing', async () => {
  const calls = {
    changeEmail: (c) => c.changeEmail({ newEmail: person('thief') }),
    updateUser: (c) => c.updateUser({ name: 'Mallory' }),
    changePassword: (c) => c.changePassword({ currentPassword: password, newPassword: 'another horse' }),
    revokeOtherSessions: (c) => c.revokeOtherSessions(),
    deleteUser: (c) => c.deleteUser({ password }),
  }
  for (const [name, call] of Object.entries(calls)) {
    const owner = new Browser()
    const { email } = await owner.signUp()
    const thief = new Browser()
    await thief.signIn(email)
    const held = new Browser({ client: { fetchOptions: { customFetchImpl: holdingFetch(thief, async () => succeeded(await proven(owner, () => owner.client.revokeOtherSessions()))) } } })
    refused(await call(held.client), 401, 'UNAUTHORIZED')
    const { user } = await owner.session()
    assert.deepEqual([user.name, user.email], ['Ada', email], name)
    await new Browser().signIn(email)
  }
})

test('late answers sign nobody out', async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  // 50 ms each way, for the pollers alone.
  const far = new Browser({ client: { fetchOptions: { customFetchImpl: async (url, init) => {
    const cookie = b.cookies.get(cookieName)
    await pause(50)
    const answer = await fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), cookie: `${cookieName}=${cookie}` } })
    await pause(50)
    for (const line of answer.headers.getSetCookie?.() ?? [answer.headers.get('set-cookie') ?? '']) if (line) b.keep(line)
    return answer
  } } } })
  let polling = true
  let polls = 0
  const poll = async (ask) => { while (polling) { await ask(); polls++ } }
  const pollers = [poll(() => far.client.getSession()), poll(() => far.client.listSessions())]
  for (let i = 0; i < 12; i++) {
    const [from, to] = i % 2 ? ['another horse', password] : [password, 'another horse']
    if (i % 3 === 2) await b.signIn(email, from)
    else succeeded(await b.client.changePassword({ currentPassword: from, newPassword: to }))
    if (i % 3 === 2) succeeded(await b.client.changePassword({ currentPassword: from, newPassword: to }))
    await pause(120) // what was under way has been answered
    assert.ok(b.cookies.get(cookieName), `round ${i}: the cookie was cleared`)
    assert.ok(await b.session(), `round ${i}: signed out`)
  }
  polling = false
  await Promise.all(pollers)
  assert.ok(polls > 20, `got ${polls} polls`)
})
