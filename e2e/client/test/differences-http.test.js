// Where Vestibule differs from Better Auth on purpose, in how it answers requests.
import assert from 'node:assert/strict'

import { differs } from '../differs.js'
import { Browser, https, password, person, refused } from '../harness.js'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

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

differs('forms sign in and up / only JSON does', async () => {
  const { email } = await new Browser().signUp()
  const { status } = await new Browser().raw('POST', '/api/auth/sign-in/email', new URLSearchParams({ email, password }).toString(), form)
  assert.equal(status, 200)
  const up = await new Browser().raw('POST', '/api/auth/sign-up/email', new URLSearchParams({ email: person(), password, name: 'x' }).toString(), form)
  assert.equal(up.status, 200)
}, async () => {
  const b = new Browser()
  const { email } = await new Browser().signUp()
  const { status, data } = await b.raw('POST', '/api/auth/sign-in/email', new URLSearchParams({ email, password }).toString(), form)
  assert.equal(status, 415)
  assert.equal(data.code, 'UNSUPPORTED_MEDIA_TYPE')
  const up = await b.raw('POST', '/api/auth/sign-up/email', new URLSearchParams({ email: person(), password, name: 'x' }).toString(), form)
  assert.equal(up.status, 415)
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
