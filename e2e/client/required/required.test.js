// With REQUIRE_EMAIL_VERIFICATION=true.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { differs } from '../differs.js'
import { Browser, linkTo, mailTo, ours, password, person, refused, succeeded } from '../harness.js'

test('nobody signs in before their address is verified', async () => {
  const b = new Browser()
  const email = person()
  const data = await b.signUp(email, { callbackURL: '/welcome' })
  assert.equal(data.token, null)
  assert.equal(data.user.email, email)
  assert.equal(b.cookies.size, 0)
  refused(await b.client.signIn.email({ email, password: 'wrong horse' }), 401, 'INVALID_EMAIL_OR_PASSWORD')
  const [status, code] = ours ? [401, 'INVALID_EMAIL_OR_PASSWORD'] : [403, 'EMAIL_NOT_VERIFIED']
  refused(await b.client.signIn.email({ email, password }), status, code)
  assert.equal(b.cookies.size, 0)
  const link = await linkTo(email)
  assert.equal(link.searchParams.get('callbackURL'), '/welcome')
  if (ours) {
    const token = link.searchParams.get('token')
    refused(await b.client.verifyEmail({ query: { token } }), 403, 'PASSWORD_REQUIRED')
    refused(await b.client.signIn.email({ email, password }), 401, 'INVALID_EMAIL_OR_PASSWORD')
    succeeded(await b.client.$fetch('/verify-email', { method: 'POST', body: { token, password } }))
  }
  const page = await b.raw('GET', link.pathname + link.search)
  assert.equal(page.status, 302)
  assert.equal(page.headers.get('location'), '/welcome')
  await b.signIn(email)
  assert.equal((await b.session()).user.emailVerified, true)
})

differs('sign-in tells / does not tell that an address is not verified', async () => {
  const { email } = await new Browser().signUp()
  const b = new Browser()
  refused(await b.client.signIn.email({ email, password }), 403, 'EMAIL_NOT_VERIFIED')
}, async () => {
  const { email } = await new Browser().signUp()
  const answers = [[email, password], [email, 'wrong horse'], [person('nobody'), password]]
    .map(async ([address, word]) => (await new Browser().client.signIn.email({ email: address, password: word })).error)
  const [right, wrong, unknown] = await Promise.all(answers)
  assert.equal(right.status, 401)
  assert.deepEqual(right, wrong)
  assert.deepEqual(right, unknown)
})

differs('a click on the link confirms whatever password there is / sets another one', async () => {
  const { email } = await new Browser().signUp() // a stranger's address
  const token = (await linkTo(email)).searchParams.get('token')
  succeeded(await new Browser().client.verifyEmail({ query: { token } }))
  await new Browser().signIn(email, password)
}, async () => {
  const { email } = await new Browser().signUp()
  const token = (await linkTo(email)).searchParams.get('token')
  const owner = new Browser()
  refused(await owner.client.verifyEmail({ query: { token } }), 403, 'PASSWORD_REQUIRED')
  succeeded(await owner.client.$fetch('/verify-email', { method: 'POST', body: { token, newPassword: 'the owner chose this' } }))
  refused(await new Browser().client.signIn.email({ email, password }), 401, 'INVALID_EMAIL_OR_PASSWORD')
  await owner.signIn(email, 'the owner chose this')
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
  const token = link.searchParams.get('token')
  if (ours) succeeded(await new Browser().client.$fetch('/verify-email', { method: 'POST', body: { token, password } }))
  else succeeded(await new Browser().client.verifyEmail({ query: { token } }))
  const b = new Browser()
  refused(await b.client.signIn.email({ email, password: 'somebody else' }), 401, 'INVALID_EMAIL_OR_PASSWORD')
  await b.signIn(email, password)
})
