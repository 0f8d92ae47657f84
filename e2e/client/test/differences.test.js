// Where Vestibule differs from Better Auth on purpose, in what the client is told and what
// becomes of sessions. differences-http.test.js has what only requests by hand show.
import assert from 'node:assert/strict'

import { differs } from '../differs.js'
import { Browser, cookieName, https, linkTo, password, person, refused, succeeded } from '../harness.js'

const secretOf = (b) => decodeURIComponent(b.cookies.get(cookieName)).split('.').slice(0, -1).join('.')

// Every body that the browser gets while it uses all that tells of sessions.
async function bodies(b) {
  const seen = []
  const { email } = await b.signUp()
  seen.push(b.last.body)
  await b.signIn(email)
  seen.push(b.last.body)
  await b.session()
  seen.push(b.last.body)
  await b.client.listSessions()
  seen.push(b.last.body)
  await b.client.changePassword({ currentPassword: password, newPassword: 'another horse', revokeOtherSessions: true })
  seen.push(b.last.body)
  return seen
}

differs('the session secret stands in bodies / only in the cookie', async () => {
  const b = new Browser()
  const seen = await bodies(b)
  assert.ok(seen.at(-1).includes(secretOf(b)))
}, async () => {
  const b = new Browser()
  const secrets = new Set()
  const keep = b.keep.bind(b)
  b.keep = (line) => { keep(line); if (b.cookies.has(cookieName)) secrets.add(secretOf(b)) }
  const seen = await bodies(b)
  assert.equal(secrets.size, 3)
  for (const secret of secrets) assert.ok(seen.every((body) => !body.includes(secret)))
  // And what stands there opens nothing.
  const { session } = await b.session()
  for (const value of [session.token, session.id]) {
    const thief = new Browser()
    thief.cookies.set(cookieName, value)
    assert.equal(await thief.session(), null)
    const bearer = await thief.raw('GET', '/api/auth/list-sessions', undefined, { authorization: `Bearer ${value}` })
    assert.equal(bearer.status, 401)
  }
})

async function afterChange(fields) {
  const b = new Browser()
  const { email } = await b.signUp()
  const elsewhere = new Browser()
  await elsewhere.signIn(email)
  const before = b.cookies.get(cookieName)
  const data = succeeded(await b.client.changePassword({ currentPassword: password, newPassword: 'another horse', ...fields }))
  return { data, elsewhere: await elsewhere.session(), here: await b.session(), renewed: b.cookies.get(cookieName) !== before }
}

differs('a new password leaves other sessions alone / ends them, unless told to keep them', async () => {
  const { data, elsewhere, here, renewed } = await afterChange({})
  assert.equal(data.token, null)
  assert.ok(elsewhere && here && !renewed)
}, async () => {
  const usual = await afterChange({})
  assert.equal(usual.data.token, usual.here.session.token)
  assert.ok(usual.here && usual.renewed && !usual.elsewhere)
  const kept = await afterChange({ revokeOtherSessions: false })
  assert.equal(kept.data.token, kept.here.session.token)
  assert.ok(kept.here && kept.renewed && kept.elsewhere)
})

async function afterReset() {
  const b = new Browser()
  const { email } = await b.signUp()
  succeeded(await new Browser().client.requestPasswordReset({ email, redirectTo: '/x' }))
  const token = (await linkTo(email)).pathname.split('/').at(-1)
  succeeded(await new Browser().client.resetPassword({ newPassword: 'another horse', token }))
  return b.session()
}

differs('a reset leaves sessions alone / ends them', async () => {
  assert.ok(await afterReset())
}, async () => {
  assert.equal(await afterReset(), null)
})

differs('a name is required / may be left out', async () => {
  refused(await new Browser().client.signUp.email({ email: person(), password }), 400, 'VALIDATION_ERROR')
}, async () => {
  const email = person('grace')
  const { user } = succeeded(await new Browser().client.signUp.email({ email, password }))
  assert.equal(user.name, email.split('@')[0])
})

differs('a password is counted in UTF-16 units / in code points', async () => {
  const b = new Browser()
  await b.signUp(person(), { password: '😀😀😀😀' })
}, async () => {
  refused(await new Browser().client.signUp.email({ email: person(), password: '😀😀😀😀', name: 'x' }), 400, 'PASSWORD_TOO_SHORT')
  await new Browser().signUp(person(), { password: '😀🐢'.repeat(4) })
  await new Browser().signUp(person(), { password: '😀🐢'.repeat(64) })
})

differs('a common password is taken / refused, with the code of the plugin haveIBeenPwned', async () => {
  await new Browser().signUp(person(), { password: 'password' })
}, async () => {
  const b = new Browser()
  refused(await b.client.signUp.email({ email: person(), password: 'PassWord', name: 'x' }), 400, 'PASSWORD_COMPROMISED')
  const { email } = await b.signUp()
  refused(await b.client.changePassword({ currentPassword: password, newPassword: email }), 400, 'PASSWORD_COMPROMISED')
})

differs('sign-in leaves the session alive that comes with it / ends it', async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  const before = b.cookies.get(cookieName)
  await b.signIn(email)
  const old = new Browser()
  old.cookies.set(cookieName, before)
  assert.ok(await old.session())
}, async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  const before = b.cookies.get(cookieName)
  await b.signIn(email)
  const old = new Browser()
  old.cookies.set(cookieName, before)
  assert.equal(await old.session(), null)
})

differs('update-user sets the cookie again / does not', async () => {
  const b = new Browser()
  await b.signUp()
  succeeded(await b.client.updateUser({ name: 'x' }))
  assert.ok(b.cookieLine)
}, async () => {
  const b = new Browser()
  await b.signUp()
  succeeded(await b.client.updateUser({ name: 'x' }))
  assert.deepEqual(b.last.setCookies, [])
})

differs('rememberMe: false sets a second cookie / is kept with the session', async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  await b.signIn(email, password, { rememberMe: false })
  assert.ok(b.cookies.has((https ? '__Secure-' : '') + 'better-auth.dont_remember'))
}, async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  await b.signIn(email, password, { rememberMe: false })
  assert.deepEqual([...b.cookies.keys()], [cookieName])
})

differs('a link that has verified an address verifies it again / is used up', async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  succeeded(await b.client.sendVerificationEmail({ email }))
  const token = (await linkTo(email)).searchParams.get('token')
  for (const _ of [1, 2]) succeeded(await b.client.verifyEmail({ query: { token } }))
}, async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  succeeded(await b.client.sendVerificationEmail({ email }))
  const token = (await linkTo(email)).searchParams.get('token')
  succeeded(await b.client.verifyEmail({ query: { token } }))
  refused(await b.client.verifyEmail({ query: { token } }), 401, 'INVALID_TOKEN')
})

differs('a session can have fields of its own, to be updated / has none', async () => {
  const b = new Browser()
  await b.signUp()
  refused(await b.client.updateSession({ theme: 'dark' }), 400)
}, async () => {
  const b = new Browser()
  await b.signUp()
  refused(await b.client.updateSession({ theme: 'dark' }), 404, 'NOT_FOUND')
})

differs('keys and tokens come with a plugin / keys always, tokens where EXPOSE_TOKEN says so', async () => {
  // exposed.test.js has the plugin.
  for (const path of ['token', 'jwks']) assert.equal((await new Browser().raw('GET', '/api/auth/' + path)).status, 404)
}, async () => {
  const b = new Browser()
  await b.signUp()
  refused(await b.client.token(), 404, 'NOT_FOUND')
  await b.session()
  assert.equal(b.last.headers.get('set-auth-jwt'), null)
  assert.deepEqual(succeeded(await b.client.jwks()), { keys: [] }) // HS256: the key is the secret
})
