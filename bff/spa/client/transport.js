// How requests are sent: deadlines, retries, and the event for a lost session.
import { ApiError, NetworkError, SessionLostEvent, refusal, unreadable } from './errors.js'

const longestWait = 10_000 // ms; a longer Retry-After is left to the caller
const firstWait = 200 // ms; doubled each time
// Firefox lets a GET wait while the same one, of any tab, is still being answered, because that
// answer might go into its cache. Behind a stream of changes it waits for 20 s.
const cache = 'no-store'
const longestTimer = 2 ** 31 - 1 // ms; a longer timer would fire immediately

/** @import * as Types from './index.js' */
/** @import { Check, Reader, Request, Send } from './internal.js' */
/**
 * @param {EventTarget} target
 * @param {Types.ClientOptions} options
 * @returns {Send}
 */
export function transport(target, { baseURL = '', fetch, timeout = 30_000, retries = 2 }) {
  const base = baseURL.replace(/\/+$/, '')
  const session = watchSession(target)

  return async function send(path, request, read) {
    const headers = new Headers() // refuses a bad header before anything is sent
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      if (value !== undefined) headers.set(name, value)
    }
    /** @type {RequestInit} */
    const init = { method: request.method ?? 'GET', headers, credentials: 'include', keepalive: request.keepalive ?? false, cache }
    if (request.body !== undefined) {
      headers.set('Content-Type', 'application/json')
      init.body = JSON.stringify(request.body)
    }
    const safe = init.method === 'GET' || headers.has('Idempotency-Key')
    for (let tries = 0; ; tries++) {
      try {
        return await attempt(base + path, init, request, read)
      } catch (error) {
        const wait = safe && tries < (request.retries ?? retries) ? waitAfter(error, tries) : null
        if (wait === null) throw error
        const asked = error instanceof ApiError && error.retryAfter !== null
        await pause(wait, request.signal, !asked)
        request.signal?.throwIfAborted()
      }
    }
  }

  /**
   * @template T
   * @param {string} url
   * @param {RequestInit} init
   * @param {Request} request
   * @param {Reader<T>} read
   */
  async function attempt(url, init, request, read) {
    const { signal } = request
    signal?.throwIfAborted()
    const began = session.now()
    const abort = new AbortController()
    const cancel = () => abort.abort()
    signal?.addEventListener('abort', cancel)
    let late = false
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer
    const within = (/** @type {number} */ ms) => {
      clearTimeout(timer)
      timer = setTimeout(() => { late = true; cancel() }, Math.min(ms || Infinity, longestTimer))
    }
    within(request.timeout ?? timeout)
    try {
      // Call it without an object: a browser's fetch fails with another this.
      const answer = await (fetch ?? globalThis.fetch)(url, { ...init, signal: abort.signal })
      if (!answer.ok) throw refusal(answer, await anyJSON(answer))
      return await read(answer, { accepted: () => session.live(began), within })
    } catch (error) {
      if (error instanceof ApiError) {
        if (error.status === 401) session.over(began, error.code)
        throw error
      }
      signal?.throwIfAborted()
      throw new NetworkError(late ? 'TIMEOUT' : 'NETWORK', error)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      cancel() // frees the connection if the body was not read completely
    }
  }
}

/**
 * watchSession reports each lost session once, even if many requests fail. A request counts
 * only if it began after the latest change: a late answer for the old session must neither
 * end the new one nor revive the old one.
 * @param {EventTarget} target
 */
function watchSession(target) {
  let changes = 0
  let lost = false
  return {
    now: () => changes,
    /** @param {number} began */
    live(began) {
      if (!lost || began !== changes) return
      lost = false
      changes++
    },
    /**
     * @param {number} began
     * @param {string} code
     */
    over(began, code) {
      if (lost || began !== changes) return
      lost = true
      changes++
      target.dispatchEvent(new SessionLostEvent(code === 'NO_SESSION' ? code : 'SESSION_EXPIRED'))
    },
  }
}

/**
 * waitAfter returns how long to wait before a request is sent again, or null for no retry.
 * @param {unknown} error
 * @param {number} tries
 */
function waitAfter(error, tries) {
  const backoff = Math.min(longestWait / 2, firstWait * 2 ** tries) * (0.5 + Math.random())
  if (error instanceof NetworkError) return error.code === 'NETWORK' ? backoff : null
  if (!(error instanceof ApiError) || error.code === 'UPSTREAM_REJECTED_TOKEN') return null
  const { status, retryAfter } = error
  if (retryAfter === null) return status === 502 || status === 503 ? backoff : null
  const wait = retryAfter * 1000 + backoff
  return [409, 429, 502, 503].includes(status) && wait < longestWait ? wait : null
}

/**
 * pause waits until the time is over or the signal aborts. With wakes it also ends when the
 * network returns or the page is shown again, after a random time of up to a second: a network
 * returns for all clients at the same moment.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @param {boolean} [wakes] false if the server has said how long to wait
 * @returns {Promise<void>}
 */
export function pause(ms, signal, wakes = false) {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = Date.now() + ms
    let woken = false
    const over = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', over)
      globalThis.removeEventListener?.('online', wake)
      globalThis.document?.removeEventListener('visibilitychange', wake)
      resolve()
    }
    const wake = () => {
      if (woken || unused()) return
      woken = true // only once: an unstable network must not postpone it again and again
      clearTimeout(timer)
      timer = setTimeout(over, Math.min(end - Date.now(), Math.random() * 1000))
    }
    let timer = setTimeout(over, ms)
    signal?.addEventListener('abort', over)
    if (!wakes) return
    globalThis.addEventListener?.('online', wake)
    globalThis.document?.addEventListener('visibilitychange', wake)
  })
}

/** Whether the page is hidden or there is no network. Outside browsers it is false. */
export const unused = () => globalThis.document?.visibilityState === 'hidden' || globalThis.navigator?.onLine === false

/**
 * json reads a JSON answer and checks its body.
 * @template T
 * @param {Check<T>} check
 * @returns {Reader<{ body: T, headers: Headers }>}
 */
export const json = (check) => async (answer, progress) => {
  const body = await anyJSON(answer)
  if (!check(body)) throw unreadable(answer)
  progress.accepted()
  return { body, headers: answer.headers }
}

/**
 * @param {Response} answer
 * @returns {Promise<unknown>} undefined if the body is not JSON
 */
async function anyJSON(answer) {
  const text = await answer.text()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
