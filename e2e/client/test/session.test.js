import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { getSessionCookie } from 'better-auth/cookies'

import { Browser, base, cookieName, https, ours, password, person, refused, succeeded } from '../harness.js'

const userFields = ['createdAt', 'email', 'emailVerified', 'id', 'image', 'name', 'updatedAt']
const sessionFields = ['createdAt', 'expiresAt', 'id', 'ipAddress', 'token', 'updatedAt', 'userAgent', 'userId']

const isUser = (user, email) => {
  // The reference's database in memory leaves an image out that was never set.
  assert.deepEqual(Object.keys({ image: null, ...user }).sort(), userFields)
  assert.equal(user.email, email)
  assert.equal(typeof user.id, 'string')
  assert.equal(typeof user.name, 'string')
  assert.equal(user.emailVerified, false)
  assert.equal(user.image ?? null, null)
  assert.ok(user.createdAt instanceof Date, 'createdAt was not revived')
  assert.ok(user.updatedAt instanceof Date, 'updatedAt was not revived')
  assert.ok(Math.abs(Date.now() - user.createdAt) < 60_000, `got createdAt ${user.createdAt}`)
}

describe('sign-up', () => {
  test('makes an account, a session and one cookie', async () => {
    const b = new Browser()
    const email = person()
    const { token, user } = await b.signUp(email.toUpperCase().replace('EXAMPLE.COM', 'example.com'), { image: 'https://example.com/a.png' })
    assert.equal(user.image, 'https://example.com/a.png')
    isUser({ ...user, image: null }, email)
    assert.equal(typeof token, 'string')
    assert.match(b.last.body, /"createdAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/)
    assert.equal(b.last.setCookies.length, 1)
    const attributes = b.cookieLine.split('; ').slice(1).map((a) => a.toLowerCase()).sort()
    assert.deepEqual(attributes, ['httponly', 'max-age=604800', 'path=/', 'samesite=lax', ...(https ? ['secure'] : [])])
    assert.match(b.cookies.get(cookieName), /^[\w-]+\.[\w%]+%3D$/)
    assert.equal((await b.session()).user.id, user.id)
  })

  test('refuses what is documented', async () => {
    const b = new Browser()
    const { email } = await b.signUp()
    const up = (fields) => new Browser().client.signUp.email({ name: 'Ada', email: person(), password, ...fields })
    refused(await up({ email }), 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL')
    refused(await up({ email: email.toUpperCase() }), 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL')
    refused(await up({ password: 'short' }), 400, 'PASSWORD_TOO_SHORT')
    refused(await up({ password: 'x'.repeat(129) }), 400, 'PASSWORD_TOO_LONG')
    refused(await up({ email: 'nobody' }), 400, 'VALIDATION_ERROR')
    refused(await up({ email: 'a b@example.com' }), 400, 'VALIDATION_ERROR')
    refused(await up({ email: undefined }), 400, 'VALIDATION_ERROR')
    refused(await up({ password: undefined }), 400, 'VALIDATION_ERROR')
    refused(await up({ password: 7 }), 400, 'VALIDATION_ERROR')
    refused(await up({ callbackURL: 'https://evil.example/' }), 403, 'INVALID_CALLBACK_URL')
  })
})

describe('sign-in', () => {
  test('answers with the user and starts a session', async () => {
    const { email } = await new Browser().signUp()
    const b = new Browser()
    const data = await b.signIn(email)
    assert.equal(data.redirect, false)
    assert.equal(data.url, undefined)
    isUser(data.user, email)
    const { session, user } = await b.session()
    assert.equal(user.email, email)
    assert.equal(session.userId, user.id)
    assert.equal(session.token, data.token)
    assert.ok(session.expiresAt instanceof Date)
    assert.ok(Math.abs(session.expiresAt - Date.now() - 7 * 864e5) < 60_000)
    assert.deepEqual(Object.keys(session).sort(), sessionFields)
    assert.equal(session.userAgent, 'a test')
  })

  test('refuses what is documented, and tells nobody who has an account', async () => {
    const { email } = await new Browser().signUp()
    const b = new Browser()
    const into = (fields) => b.client.signIn.email({ email, password, ...fields })
    const wrong = await into({ password: 'wrong horse' })
    refused(wrong, 401, 'INVALID_EMAIL_OR_PASSWORD')
    const unknown = await into({ email: person('nobody') })
    assert.deepEqual(unknown.error, wrong.error)
    refused(await into({ password: 'x' }), 401, 'INVALID_EMAIL_OR_PASSWORD')
    refused(await into({ email: 'nobody' }), 400, 'INVALID_EMAIL')
    refused(await into({ email: undefined }), 400, 'VALIDATION_ERROR')
    refused(await into({ password: undefined }), 400, 'VALIDATION_ERROR')
    refused(await into({ rememberMe: 'yes' }), 400, 'VALIDATION_ERROR')
    refused(await into({ callbackURL: 7 }), 400)
    for (const target of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%2fevil.example', 'javascript:alert(1)']) {
      refused(await into({ callbackURL: target }), 403, 'INVALID_CALLBACK_URL')
    }
    assert.equal(b.cookies.size, 0)
  })

  test('goes on where it was asked to', async () => {
    const { email } = await new Browser().signUp()
    const b = new Browser()
    // Without the plugin that would navigate: there is no window here.
    const data = succeeded(await b.client.signIn.email({ email, password, callbackURL: '/dash' }))
    assert.equal(data.redirect, true)
    assert.equal(data.url, '/dash')
    assert.equal(b.last.headers.get('location'), '/dash')
    assert.equal(b.last.status, 200)
  })

  test('without rememberMe the cookie goes with the browser and the session in a day', async () => {
    const { email } = await new Browser().signUp()
    const b = new Browser()
    await b.signIn(email, password, { rememberMe: false })
    assert.doesNotMatch(b.cookieLine, /max-age|expires/i)
    const { session } = await b.session()
    assert.ok(Math.abs(session.expiresAt - Date.now() - 864e5) < 60_000, `got ${session.expiresAt}`)
  })
})

// tampered is a value that nobody signed: another one, whatever it begins with.
const tampered = value => (value[0] === 'x' ? 'y' : 'x') + value.slice(1)

describe('the session', () => {
  test('is null without one', async () => {
    const b = new Browser()
    assert.equal(await b.session(), null)
    assert.equal(b.last.body, 'null')
    assert.equal(b.last.status, 200)
  })

  test('is null with a cookie that nobody signed', async () => {
    const b = new Browser()
    b.cookies.set(cookieName, 'abc.def')
    assert.equal(await b.session(), null)
    const stranger = new Browser()
    await stranger.signUp()
    stranger.cookies.set(cookieName, tampered(stranger.cookies.get(cookieName)))
    assert.equal(await stranger.session(), null)
  })

  test('asking sets no cookie and may be told to extend nothing', async () => {
    const b = new Browser()
    await b.signUp()
    await b.session()
    assert.deepEqual(b.last.setCookies, [])
    assert.match(b.last.headers.get('cache-control'), /no-store/)
    const { data } = await b.client.getSession({ query: { disableRefresh: true } })
    assert.ok(data.session)
  })

  test('is cleared with the cookie of a dead one, and only with that', async () => {
    const b = new Browser()
    const { email } = await b.signUp()
    const elsewhere = new Browser()
    await elsewhere.signIn(email)
    const dead = b.cookies.get(cookieName)
    succeeded(await elsewhere.client.revokeOtherSessions())
    for (const use of [() => b.client.getSession(), () => b.client.listSessions(), () => b.client.updateUser({ name: 'x' })]) {
      b.cookies.set(cookieName, dead)
      await use()
      assert.equal(b.cookies.size, 0, b.last.body)
    }
    b.cookies.set(cookieName, tampered(dead))
    refused(await b.client.listSessions(), 401, 'UNAUTHORIZED')
    assert.deepEqual(b.last.setCookies, [])
  })

  test('is found by the helper for servers at the edge, which looks for its name', async () => {
    const b = new Browser()
    await b.signUp()
    const request = new Request(base, { headers: { cookie: `other=1; ${cookieName}=${b.cookies.get(cookieName)}` } })
    // The helper knows no __Host-; see differences.test.js.
    assert.equal(getSessionCookie(request), cookieName.startsWith('__Host-') ? null : decodeURIComponent(b.cookies.get(cookieName)))
    assert.equal(getSessionCookie(new Request(base)), null)
  })

  test('ends with sign-out, which works without one too', async () => {
    const b = new Browser()
    await b.signUp()
    const value = b.cookies.get(cookieName)
    assert.deepEqual(succeeded(await b.client.signOut()), { success: true })
    assert.match(b.cookieLine, new RegExp(`^${cookieName}=; .*Max-Age=0`))
    assert.equal(b.cookies.size, 0)
    b.cookies.set(cookieName, value)
    assert.equal(await b.session(), null)
    assert.deepEqual(succeeded(await new Browser().client.signOut()), { success: true })
  })
})

describe('sessions of a user', () => {
  test('are listed', async () => {
    const here = new Browser()
    const { email } = await here.signUp()
    const there = new Browser()
    const { token } = await there.signIn(email)
    const list = succeeded(await here.client.listSessions())
    assert.equal(list.length, 2)
    assert.ok(list.some((s) => s.token === token))
    const current = (await here.session()).session
    assert.deepEqual(list.find((s) => s.token === current.token), current)
    for (const session of list) assert.deepEqual(Object.keys(session).sort(), sessionFields)
    assert.ok(list.every((s) => s.expiresAt instanceof Date && s.createdAt instanceof Date))
    refused(await new Browser().client.listSessions(), 401, 'UNAUTHORIZED')
  })

  test('are revoked one by one', async () => {
    const here = new Browser()
    const { email } = await here.signUp()
    const there = new Browser()
    const { token } = await there.signIn(email)
    const stranger = new Browser()
    const theirs = await stranger.signUp()
    for (const foreign of [theirs.token, 'nonsense']) {
      assert.deepEqual(succeeded(await here.client.revokeSession({ token: foreign })), { status: true })
    }
    assert.ok(await stranger.session())
    assert.ok(await there.session())
    assert.deepEqual(succeeded(await here.client.revokeSession({ token })), { status: true })
    assert.equal(await there.session(), null)
    assert.equal(there.cookies.size, 0, 'a dead cookie was not cleared')
    const own = (await here.session()).session.token
    assert.deepEqual(succeeded(await here.client.revokeSession({ token: own })), { status: true })
    assert.equal(here.cookies.size, 0)
    assert.equal(await here.session(), null)
    refused(await here.client.revokeSession({ token: own }), 401, 'UNAUTHORIZED')
    refused(await stranger.client.revokeSession({ token: 7 }), 400, 'VALIDATION_ERROR')
  })

  test('are revoked together', async () => {
    const here = new Browser()
    const { email } = await here.signUp()
    const there = new Browser()
    await there.signIn(email)
    assert.deepEqual(succeeded(await here.client.revokeOtherSessions()), { status: true })
    assert.equal(await there.session(), null)
    assert.ok(await here.session())
    await there.signIn(email)
    assert.deepEqual(succeeded(await here.client.revokeSessions()), { status: true })
    assert.equal(here.cookies.size, 0)
    assert.equal(await there.session(), null)
    refused(await here.client.revokeSessions(), 401, 'UNAUTHORIZED')
    refused(await here.client.revokeOtherSessions(), 401, 'UNAUTHORIZED')
  })
})

describe('requests that no client sends', () => {
  test('of another origin are refused', async () => {
    const b = new Browser()
    const { email } = await b.signUp()
    for (const origin of ['https://evil.example', 'null', base + '.evil.example', base + '0']) {
      const refusals = [
        await b.raw('POST', '/api/auth/sign-in/email', { email, password }, { origin }),
        await b.raw('POST', '/api/auth/sign-out', {}, { origin }),
        await b.raw('POST', '/api/auth/update-user', { name: 'x' }, { origin }),
      ]
      for (const { status, data } of refusals) {
        assert.equal(status, 403, origin)
        assert.match(data.code, /ORIGIN/)
      }
    }
    b.origin = 'https://app.example.com' // a trusted one
    succeeded(await b.client.updateUser({ name: 'Trusted' }))
    b.origin = base
    assert.equal((await b.session()).user.name, 'Trusted')
  })

  test('of another origin sign nobody in, without a cookie either', async () => {
    const { email } = await new Browser().signUp()
    const b = new Browser()
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { referer: 'https://evil.example/' }]) {
      b.origin = null
      for (const path of ['sign-in/email', 'sign-up/email']) {
        const { status, data } = await b.raw('POST', '/api/auth/' + path, { email, password, name: 'x' }, headers)
        assert.equal(status, 403, JSON.stringify(headers))
        assert.match(data.code, /ORIGIN/)
      }
    }
    assert.equal(b.cookies.size, 0)
  })

  test('give nobody what is not theirs to set', async () => {
    const b = new Browser()
    const extra = { emailVerified: true, role: 'admin', id: 'usr_mine', createdAt: '2001-01-01T00:00:00.000Z', disabledAt: null }
    const { user } = await b.signUp(person(), extra)
    assert.notEqual(user.id, extra.id)
    succeeded(await b.client.updateUser({ name: 'Ada', ...extra }))
    const after = (await b.session()).user
    isUser(after, user.email)
    assert.equal(after.id, user.id)
  })

  test('that are not JSON are refused', async () => {
    const b = new Browser()
    await b.signUp()
    const broken = await b.raw('POST', '/api/auth/update-user', '{"name":')
    assert.equal(broken.status, 400)
    assert.equal(broken.data.code, 'BAD_REQUEST')
    const form = await b.raw('POST', '/api/auth/update-user', 'name=x', { 'content-type': 'text/plain' })
    assert.equal(form.status, 415)
    assert.equal(form.data.code, 'UNSUPPORTED_MEDIA_TYPE')
  })

  test('for a sign of life and for an error page are answered', async () => {
    const b = new Browser()
    assert.deepEqual(succeeded(await b.client.$fetch('/ok')), { ok: true })
    const page = await b.raw('GET', '/api/auth/error?error=INVALID_TOKEN')
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type'), /^text\/html/)
    assert.match(page.text, /INVALID_TOKEN/)
    const evil = await b.raw('GET', '/api/auth/error?error=' + encodeURIComponent('<script>alert(1)</script>'))
    assert.doesNotMatch(evil.text, /alert\(1\)/)
    if (ours) assert.match(evil.headers.get('content-security-policy'), /default-src 'none'/)
  })
})
