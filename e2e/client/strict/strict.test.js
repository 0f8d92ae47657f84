// With the limits that the other suites lift, and on the reference with sessions that
// are fresh for a second.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { Browser, ours, password, refused, succeeded } from '../harness.js'

test('sessions are listed while the session is fresh / always', async () => {
  const b = new Browser()
  await b.signUp()
  assert.equal(succeeded(await b.client.listSessions()).length, 1)
  await pause(1100)
  const later = await b.client.listSessions()
  if (ours) assert.equal(succeeded(later).length, 1)
  else refused(later, 403, 'SESSION_NOT_FRESH')
})

test('who guesses is told to wait, in X-Retry-After and here in Retry-After too', async () => {
  const b = new Browser()
  const { email } = await new Browser().signUp()
  let result
  for (let i = 0; i < 15; i++) {
    result = await b.client.signIn.email({ email, password: 'wrong horse' })
    if (result.error.status === 429) break
    refused(result, 401, 'INVALID_EMAIL_OR_PASSWORD')
  }
  refused(result, 429, ours ? 'TOO_MANY_REQUESTS' : undefined)
  assert.equal(result.error.message, 'Too many requests. Please try again later.')
  assert.match(b.last.headers.get('x-retry-after'), /^[1-9]\d*$/)
  assert.equal(b.last.headers.get('retry-after'), ours ? b.last.headers.get('x-retry-after') : null)
  // Whoever has the right password waits too, and is not told that it is right.
  refused(await b.client.signIn.email({ email, password }), 429)
  assert.equal(b.cookies.size, 0)
})
