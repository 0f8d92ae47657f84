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
export async function until(what, condition, ms = 120_000) {
  for (const end = Date.now() + ms; ;) {
    const value = condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`did not happen: ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

// listen watches the tasks and records what the watch reports.
export function listen(t, client, options = {}) {
  const told = []
  const stop = client.watchTasks({
    onCreated: (task) => told.push(['created', task.id]),
    onUpdated: (task) => told.push(['updated', task.id]),
    onDeleted: (task) => told.push(['deleted', task.id]),
    onReset: (reason) => told.push(['reset', reason]),
    onOpen: ({ resumed }) => told.push(['open', resumed]),
    onClosed: ({ error, final }) => told.push(['closed', error?.code ?? null, final]),
    ...options,
  })
  t.after(stop)
  return { told, stop, heard: (what, n = 1) => until(() => `${what}, but ${JSON.stringify(told)}`, () => told.filter(([kind]) => kind === what).length >= n) }
}

// fakePage gives Node what a browser's page has: a network, and a state of visibility.
export function fakePage(t) {
  const listeners = new Map()
  const add = (name, listener) => listeners.set(listener, name)
  const remove = (name, listener) => listeners.delete(listener)
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  const page = {
    document: { visibilityState: 'visible', addEventListener: add, removeEventListener: remove },
    navigator: { onLine: true },
    waits: () => listeners.size,
    tell: (event) => [...listeners].forEach(([listener, name]) => name === event && listener()),
    end() {
      delete globalThis.addEventListener
      delete globalThis.removeEventListener
      delete globalThis.document
      if (own) Object.defineProperty(globalThis, 'navigator', own)
      else delete globalThis.navigator
    },
  }
  globalThis.addEventListener = add
  globalThis.removeEventListener = remove
  globalThis.document = page.document
  Object.defineProperty(globalThis, 'navigator', { value: page.navigator, configurable: true })
  t.after(page.end)
  return page
}

// stream begins an answer of server-sent events.
export const stream = (response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' })
