// The React client's session store, as its hook reads it. page/app.jsx has the hook
// itself, in Chromium.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { lookAt, otherTabSpoke } from '../window.js'

import { createAuthClient } from 'better-auth/react'

import { Browser, base, password, person, succeeded } from '../harness.js'

// A browser in which a page shows the session.
class Page extends Browser {
  constructor(t, cookies) {
    super()
    if (cookies) this.cookies = cookies
    this.client = createAuthClient({ baseURL: base, fetchOptions: { customFetchImpl: (url, init) => this.fetch(url, init) } })
    this.store = this.client.$store.atoms.session
    this.states = []
    t.after(this.store.subscribe((state) => this.states.push(state)))
  }

  // shows waits until the store is as a check wants it, and returns it.
  async shows(what, check) {
    for (let i = 0; i < 1000; i++) {
      const state = this.store.get()
      if (!state.isPending && !state.isRefetching && check(state)) return state
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.fail(`the store never showed ${what}: ${JSON.stringify(this.store.get())}`)
  }

  nobody() { return this.shows('nobody', ({ data, error }) => data === null && error === null) }
  user(email) { return this.shows(email, ({ data }) => data?.user.email === email) }
}

test('the store asks first, then shows nobody', async (t) => {
  const page = new Page(t)
  assert.equal(page.store.get().isPending, true)
  await page.nobody()
  assert.equal(page.last.body, 'null')
})

test('the store follows sign-up, sign-out, sign-in, an update and a deletion', async (t) => {
  const page = new Page(t)
  await page.nobody()
  const { email } = await page.signUp()
  const { data } = await page.user(email)
  assert.ok(data.session.expiresAt instanceof Date && data.user.createdAt instanceof Date)
  succeeded(await page.client.updateUser({ name: 'Augusta' }))
  await page.shows('the new name', (state) => state.data?.user.name === 'Augusta')
  succeeded(await page.client.signOut())
  await page.nobody()
  await page.signIn(email)
  await page.user(email)
  succeeded(await page.client.deleteUser({ password }))
  await page.nobody()
  assert.ok(page.states.every(({ error }) => error === null))
})

test('the store shows the same user through a new password, and nobody after revoke-sessions', async (t) => {
  const page = new Page(t)
  const { email } = await page.signUp()
  const before = (await page.user(email)).data.session.token
  succeeded(await page.client.changePassword({ currentPassword: password, newPassword: 'another horse', revokeOtherSessions: true }))
  await page.shows('another session', ({ data }) => data?.user.email === email && data.session.token !== before)
  succeeded(await page.client.revokeSessions())
  await page.nobody()
})

test('a second tab that signs out is noticed in the first', async (t) => {
  const first = new Page(t)
  const { email } = await first.signUp()
  await first.user(email)
  const second = new Page(t, first.cookies)
  await second.user(email)
  localStorage.clear() // of what earlier tests have said
  succeeded(await second.client.signOut())
  await second.nobody()
  assert.ok(first.store.get().data, 'the first tab was told otherwise')
  assert.ok(otherTabSpoke(), 'the second tab said nothing')
  await first.nobody()
})

test('a session that was revoked elsewhere is gone when the tab is looked at', async (t) => {
  const page = new Page(t)
  const { email } = await page.signUp(person('away'))
  await page.user(email)
  const elsewhere = new Browser()
  await elsewhere.signIn(email)
  succeeded(await elsewhere.client.revokeOtherSessions())
  assert.ok(page.store.get().data)
  lookAt()
  await page.nobody()
  assert.equal(page.cookies.size, 0)
})
