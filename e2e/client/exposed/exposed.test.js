// With EXPOSE_TOKEN=true, and on the reference with its jwt and bearer plugins.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRemoteJWKSet, jwtVerify } from 'jose'

import { Browser, base, cookieName, ours, refused, succeeded } from '../harness.js'

test('the token is given to whoever is signed in, and verifies with the published keys', async () => {
  const b = new Browser()
  refused(await b.client.token(), 401, 'UNAUTHORIZED')
  const { user } = await b.signUp()
  const { token } = succeeded(await b.client.token())
  const keys = succeeded(await b.client.jwks())
  assert.ok(keys.keys.length >= 1)
  assert.ok(keys.keys.every((key) => key.kty === 'OKP' && key.crv === 'Ed25519' && key.kid && key.d === undefined))
  const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(base + '/api/auth/jwks')))
  assert.equal(protectedHeader.alg, 'EdDSA')
  assert.equal(payload.sub, user.id)
  if (ours) {
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
    assert.equal(payload.iss, 'better-auth')
    assert.equal(payload.aud, 'fastapi-backend')
    assert.equal(payload.exp - payload.iat, 300)
  } else {
    assert.equal(payload.email, user.email)
    assert.equal(payload.iss, base)
    assert.equal(payload.exp - payload.iat, 900)
  }
})

test('the token comes with the session, for pages of other origins too', async () => {
  const b = new Browser()
  await b.session()
  assert.equal(b.last.headers.get('set-auth-jwt'), null)
  await b.signUp()
  await b.session()
  assert.match(b.last.headers.get('set-auth-jwt'), /^[\w-]+\.[\w-]+\.[\w-]+$/)
  const { headers } = await b.raw('GET', '/api/auth/get-session', undefined, { origin: 'https://app.example.com' })
  assert.match(headers.get('access-control-expose-headers'), /set-auth-jwt/i)
})

test('the cookie\'s value is accepted as a bearer token / in the cookie alone', async () => {
  const b = new Browser()
  await b.signUp()
  const value = decodeURIComponent(b.cookies.get(cookieName))
  const offered = b.last.headers.get('set-auth-token')
  const tried = []
  for (const bearer of [value, value.slice(0, value.lastIndexOf('.'))]) {
    const { status } = await new Browser().raw('GET', '/api/auth/list-sessions', undefined, { authorization: `Bearer ${bearer}` })
    tried.push(status)
  }
  if (ours) {
    assert.equal(offered, null)
    assert.deepEqual(tried, [401, 401])
  } else {
    assert.equal(offered, value)
    assert.deepEqual(tried, [200, 200])
  }
})
