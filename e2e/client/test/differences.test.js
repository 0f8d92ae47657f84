// Where Vestibule differs from Better Auth on purpose (docs/better-auth.md has the
// reasons). Each difference is tried on both: the real server must do what the
// first function says, and ours what the second says.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Browser, cookieName, https, linkTo, ours, password, person, refused, succeeded } from '../harness.js'

function differs(what, theirs, ourWay) {
  test(what, ours ? ourWay : theirs)
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }

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

differs('a POST with a cookie and no word of where it is from is refused / comes from no browser', async () => {
  const b = new Browser()
  await b.signUp()
  b.origin = null
  const { status, data } = await b.raw('POST', '/api/auth/update-user', { name: 'x' })
  assert.equal(status, 403)
  assert.equal(data.code, 'MISSING_OR_NULL_ORIGIN')
}, async () => {
  const b = new Browser()
  await b.signUp()
  b.origin = null
  // Node's fetch sends Sec-Fetch-Mode, and no Sec-Fetch-Site.
  assert.equal((await b.raw('POST', '/api/auth/update-user', { name: 'x' })).status, 200)
  for (const headers of [{ referer: 'https://evil.example/' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
    const { status, data } = await b.raw('POST', '/api/auth/update-user', { name: 'x' }, headers)
    assert.equal(status, 403)
    assert.equal(data.code, 'INVALID_ORIGIN')
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
  await new Browser().signUp(person(), { password: '😀'.repeat(8) })
  await new Browser().signUp(person(), { password: '😀'.repeat(128) })
})

differs('what is not there is an empty 404 / a JSON 404, or a 405 with Allow', async () => {
  const b = new Browser()
  for (const [method, path] of [['GET', '/api/auth/nothing'], ['GET', '/api/auth/sign-out']]) {
    const { status, text } = await b.raw(method, path)
    assert.equal(status, 404)
    assert.equal(text, '')
  }
}, async () => {
  const b = new Browser()
  const missing = await b.raw('GET', '/api/auth/nothing')
  assert.equal(missing.status, 404)
  assert.equal(missing.data.code, 'NOT_FOUND')
  for (const [method, path, allow] of [['GET', 'sign-out', 'POST'], ['POST', 'get-session', 'GET, HEAD'], ['PUT', 'update-user', 'POST']]) {
    const wrong = await b.raw(method, '/api/auth/' + path)
    assert.equal(wrong.status, 405)
    assert.equal(wrong.headers.get('allow'), allow)
    assert.equal(wrong.data.code, 'METHOD_NOT_ALLOWED')
  }
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

differs('a body is judged before the session / after it', async () => {
  const { status } = await new Browser().raw('POST', '/api/auth/revoke-session', {})
  assert.equal(status, 400)
}, async () => {
  const { status, data } = await new Browser().raw('POST', '/api/auth/revoke-session', {})
  assert.equal(status, 401)
  assert.equal(data.code, 'UNAUTHORIZED')
})

differs('signing out clears three cookies / the one there is', async () => {
  const b = new Browser()
  await b.signUp()
  await b.client.signOut()
  assert.equal(b.last.setCookies.length, 3)
}, async () => {
  const b = new Browser()
  await b.signUp()
  await b.client.signOut()
  assert.equal(b.last.setCookies.length, 1)
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

differs('some errors have no code / every error has one, and its status text', async () => {
  const b = new Browser()
  await b.signUp()
  const { error } = await b.client.updateUser({ colour: 'red' })
  assert.equal(error.code, undefined)
}, async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  refused(await b.client.updateUser({ colour: 'red' }), 400, 'NO_FIELDS_TO_UPDATE')
  refused(await b.client.changeEmail({ newEmail: email }), 400, 'EMAIL_IS_THE_SAME')
  assert.equal(JSON.parse(b.last.body).error, 'Bad Request')
})

differs('the https cookie is __Secure- / __Host-', async () => {
  const b = new Browser()
  await b.signUp()
  assert.deepEqual([...b.cookies.keys()], [(https ? '__Secure-' : '') + 'better-auth.session_token'])
}, async () => {
  const b = new Browser()
  await b.signUp()
  assert.deepEqual([...b.cookies.keys()], [(https ? '__Host-' : '') + 'better-auth.session_token'])
})

differs('a form signs in / only JSON does', async () => {
  const { email } = await new Browser().signUp()
  const { status } = await new Browser().raw('POST', '/api/auth/sign-in/email', new URLSearchParams({ email, password }).toString(), form)
  assert.equal(status, 200)
}, async () => {
  const b = new Browser()
  const { email } = await new Browser().signUp()
  const { status, data } = await b.raw('POST', '/api/auth/sign-in/email', new URLSearchParams({ email, password }).toString(), form)
  assert.equal(status, 415)
  assert.equal(data.code, 'UNSUPPORTED_MEDIA_TYPE')
  assert.equal(b.cookies.size, 0)
})

differs('Origin: null has a code of its own, and Sec-Fetch-Site can save it / it is nobody\'s', async () => {
  const b = new Browser()
  await b.signUp()
  const bare = await b.raw('POST', '/api/auth/update-user', { name: 'x' }, { origin: 'null' })
  assert.equal(bare.data.code, 'MISSING_OR_NULL_ORIGIN')
  const saved = await b.raw('POST', '/api/auth/update-user', { name: 'x' }, { origin: 'null', 'sec-fetch-site': 'same-origin' })
  assert.equal(saved.status, 200)
}, async () => {
  const b = new Browser()
  await b.signUp()
  for (const site of ['same-origin', 'none', 'cross-site']) {
    const { status, data } = await b.raw('POST', '/api/auth/update-user', { name: 'x' }, { origin: 'null', 'sec-fetch-site': site })
    assert.equal(status, 403)
    assert.equal(data.code, 'INVALID_ORIGIN')
  }
})

const preflight = (origin) => new Browser().raw('OPTIONS', '/api/auth/get-session', undefined,
  { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' })

differs('the app answers preflights itself / trusted origins are allowed', async () => {
  assert.equal((await preflight('https://app.example.com')).status, 404)
  const b = new Browser()
  const { headers } = await b.raw('GET', '/api/auth/get-session', undefined, { origin: 'https://app.example.com' })
  assert.equal(headers.get('access-control-allow-origin'), null)
}, async () => {
  const trusted = await preflight('https://app.example.com')
  assert.ok(trusted.status < 300)
  assert.equal(trusted.headers.get('access-control-allow-origin'), 'https://app.example.com')
  assert.equal(trusted.headers.get('access-control-allow-credentials'), 'true')
  assert.match(trusted.headers.get('access-control-allow-headers'), /content-type/i)
  assert.equal((await preflight('https://evil.example')).headers.get('access-control-allow-origin'), null)
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
