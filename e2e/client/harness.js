// What every test of the official client needs: the server's address, clients
// with a cookie jar each, and the mails that the server has sent.
import './webcrypto.js'

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { BASE_ERROR_CODES } from '@better-auth/core/error'
import { createAuthClient } from 'better-auth/client'
import { jwtClient } from 'better-auth/client/plugins'

export const base = process.env.BASE_URL
export const mails = process.env.MAIL_DIR
// reference: the real Better Auth server. vestibule: ours.
export const ours = process.env.TARGET !== 'reference'
export const https = base.startsWith('https:')
export const cookieName = (!https ? '' : ours ? '__Host-' : '__Secure-') + 'better-auth.session_token'

let people = 0
// person returns an address that nobody has had before.
export const person = (name = 'ada') => `${name}-${process.pid}-${++people}@example.com`
export const password = 'correct horse'

// The first releases of Node 18 give all Set-Cookie lines as one. No cookie here has
// an Expires, so a comma always separates two.
function setCookies(headers) {
  if (headers.getSetCookie) return headers.getSetCookie()
  return headers.get('set-cookie')?.split(/, (?=[^;, ]+=)/) ?? []
}

// Browser keeps cookies and sends an Origin, as a browser does; the client in it
// is the official one, unmodified.
export class Browser {
  cookies = new Map()
  last = null // the latest answer

  constructor(options = {}) {
    this.origin = options.origin ?? base
    this.client = createAuthClient({
      baseURL: base,
      plugins: [jwtClient()],
      fetchOptions: { customFetchImpl: (url, init) => this.fetch(url, init) },
      ...options.client,
    })
  }

  async fetch(url, init = {}) {
    const headers = new Headers(init.headers)
    headers.set('user-agent', 'a test')
    if (this.cookies.size > 0) headers.set('cookie', [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; '))
    if (this.origin && !headers.has('origin') && (init.method ?? 'GET') !== 'GET') headers.set('origin', this.origin)
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    this.last = { status: answer.status, headers: answer.headers, setCookies: setCookies(answer.headers), body: await answer.clone().text() }
    for (const line of this.last.setCookies) this.keep(line)
    return answer
  }

  keep(line) {
    const [pair, ...attributes] = line.split(/; */)
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    const age = attributes.find((a) => /^max-age=/i.test(a))
    if (age && Number(age.slice(8)) <= 0) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(at + 1))
  }

  // raw sends what the client would not.
  async raw(method, path, body, headers = {}) {
    const init = { method, headers: { ...headers } }
    if (body !== undefined) {
      init.body = typeof body === 'string' ? body : JSON.stringify(body)
      init.headers['content-type'] ??= 'application/json'
    }
    const answer = await this.fetch(base + path, init)
    const text = await answer.text()
    let data = null
    try { data = JSON.parse(text) } catch { /* not JSON */ }
    return { status: answer.status, headers: answer.headers, text, data }
  }

  // The cookie's line in the latest answer, by the name of the session cookie.
  get cookieLine() {
    return this.last.setCookies.find((line) => line.startsWith(cookieName + '='))
  }

  async signUp(email = person(), extra = {}) {
    const result = await this.client.signUp.email({ email, password, name: 'Ada', ...extra })
    assert.equal(result.error, null, JSON.stringify(result.error))
    return { email, ...result.data }
  }

  async signIn(email, word = password, extra = {}) {
    const result = await this.client.signIn.email({ email, password: word, ...extra })
    assert.equal(result.error, null, JSON.stringify(result.error))
    return result.data
  }

  async session() {
    const { data, error } = await this.client.getSession()
    assert.equal(error, null)
    return data
  }
}

// refused checks an error of the client: its status, its code and what it says to
// people. Ours may say more than theirs.
export function refused(result, status, code) {
  const got = JSON.stringify(result.error)
  assert.equal(result.data, null, `got ${JSON.stringify(result.data)}, want an error ${code}`)
  assert.equal(result.error.status, status, got)
  assert.equal(result.error.statusText, STATUS_CODES[status], got)
  if (code) assert.equal(result.error.code, code, got)
  const theirs = { ...BASE_ERROR_CODES[code] }.message
  if (code === 'VALIDATION_ERROR') assert.match(result.error.message, /^\[(body|query)\b/) // names the field
  else if (theirs) assert.ok(result.error.message.startsWith(theirs.replace(/\.$/, '')), got)
  else assert.ok(result.error.message.length > 0, got)
}

export function succeeded(result) {
  assert.equal(result.error, null, JSON.stringify(result.error))
  return result.data
}

function mailsTo(address) {
  let names = []
  try { names = readdirSync(mails).filter((n) => n.endsWith('.eml')).sort() } catch { /* none yet */ }
  return names.map((n) => readFileSync(join(mails, n), 'utf8').replaceAll('\r\n', '\n'))
    .filter((text) => text.includes(`To: <${address}>`))
}

// mailTo waits for the n-th mail to an address.
export async function mailTo(address, n = 1) {
  for (let i = 0; i < 1000; i++) {
    const found = mailsTo(address)
    if (found.length >= n) return found[n - 1]
    await pause(10)
  }
  assert.fail(`no mail ${n} to ${address}`)
}

export const mailCount = (address) => mailsTo(address).length

// linkTo returns the link in the n-th mail to an address.
export async function linkTo(address, n = 1) {
  const text = await mailTo(address, n)
  const link = text.match(/^https?:\/\/\S+\/api\/auth\/\S+$/m)
  assert.ok(link, `no link in the mail:\n${text}`)
  return new URL(link[0])
}
