// What the tests of our own client need: one that is signed in, and servers that
// answer what no good server would.
import { createServer } from 'node:http'

import { createClient } from '../../../bff/spa/client/index.js'
import { Browser, base } from '../harness.js'

// fetchOf is the fetch of a page in that browser: relative addresses, cookies, Origin.
// (Browser.fetch reads whole bodies, which a stream of events does not have.)
export const fetchOf = (browser, origin = base) => (url, init = {}) => {
  const headers = new Headers(init.headers)
  if (browser.cookies.size > 0) headers.set('cookie', [...browser.cookies].map(([k, v]) => `${k}=${v}`).join('; '))
  if ((init.method ?? 'GET') !== 'GET') headers.set('origin', origin)
  return fetch(new URL(url, base), { ...init, headers })
}

// signedIn returns a new user's browser and client.
export async function signedIn(options = {}) {
  const browser = new Browser()
  const { user, email } = await browser.signUp()
  return { browser, user, email, client: createClient({ fetch: fetchOf(browser), ...options }) }
}

// serve starts a server that ends with the test. requests has what came.
export async function serve(t, answer) {
  const requests = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    requests.push({ method: request.method, url: request.url, headers: request.headers, body })
    await answer(response, request, requests.length, body)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${server.address().port}`, requests, server }
}

export const task = (id = 1, more = {}) => ({
  id, user_id: 'usr_x', title: `task ${id}`, description: null, completed: false,
  created_at: '2026-02-03T12:00:00.000Z', updated_at: '2026-02-03T12:00:00.000Z', ...more,
})

// send answers with JSON.
export function send(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

// caught returns what a promise is rejected with.
export async function caught(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

// until waits for a condition.
export async function until(what, condition, ms = 10_000) {
  for (const end = Date.now() + ms; ;) {
    const value = condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`did not happen: ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
