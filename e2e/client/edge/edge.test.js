// Over https with Better Auth's own name of the cookie, which is a setting here.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { getSessionCookie } from 'better-auth/cookies'

import { Browser, base } from '../harness.js'

test('the helper for servers at the edge finds the cookie', async () => {
  const b = new Browser()
  const { email } = await b.signUp()
  const name = '__Secure-better-auth.session_token'
  assert.deepEqual([...b.cookies.keys()], [name])
  assert.match(b.last.setCookies[0], /; Secure(;|$)/)
  const request = new Request(base, { headers: { cookie: `other=1; ${name}=${b.cookies.get(name)}` } })
  assert.equal(getSessionCookie(request), decodeURIComponent(b.cookies.get(name)))
  assert.equal((await b.session()).user.email, email)
})
