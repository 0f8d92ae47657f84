// With REQUIRE_EMAIL_VERIFICATION=true.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Browser, linkTo, mailTo, ours, password, person, refused, succeeded } from '../harness.js'

test('nobody signs in before their address is verified', async () => {
  const b = new Browser()
  const email = person()
  const data = await b.signUp(email, { callbackURL: '/welcome' })
  assert.equal(data.token, null)
  assert.equal(data.user.email, email)
  assert.equal(b.cookies.size, 0)
  refused(await b.client.signIn.email({ email, password: 'wrong horse' }), 401, 'INVALID_EMAIL_OR_PASSWORD')
  refused(await b.client.signIn.email({ email, password }), 403, 'EMAIL_NOT_VERIFIED')
  assert.equal(b.cookies.size, 0)
  const link = await linkTo(email)
  assert.equal(link.searchParams.get('callbackURL'), '/welcome')
  const page = await b.raw('GET', link.pathname + link.search)
  assert.equal(page.status, 302)
  assert.equal(page.headers.get('location'), '/welcome')
  await b.signIn(email)
  assert.equal((await b.session()).user.emailVerified, true)
})

test('sign-up tells nobody whether an address has an account', async () => {
  const email = person()
  const first = await new Browser().signUp(email)
  const second = await new Browser().signUp(email, { password: 'somebody else' })
  assert.equal(second.token, null)
  assert.notEqual(second.user.id, first.user.id)
  assert.equal(second.user.id.length, first.user.id.length)
  const shape = ({ user }) => ({ ...user, id: '', createdAt: 0, updatedAt: 0, image: user.image ?? null })
  assert.deepEqual(shape(second), shape(first))
  if (ours) assert.deepEqual(Object.keys(second.user), Object.keys(first.user))
  await mailTo(email, 2) // the owner is told
  const link = await linkTo(email, 1)
  succeeded(await new Browser().client.verifyEmail({ query: { token: link.searchParams.get('token') } }))
  const b = new Browser()
  refused(await b.client.signIn.email({ email, password: 'somebody else' }), 401, 'INVALID_EMAIL_OR_PASSWORD')
  await b.signIn(email, password)
})
