// A client of the task API for browsers and Node. It goes through the BFF's proxy: each
// request carries the session's cookie, and the client never sees a token. index.d.ts
// describes each function; docs/client.md shows how to use them.
import { ApiError } from './errors.js'
import { json, transport } from './transport.js'
import { watch } from './watch.js'

export { ApiError, NetworkError, SessionLostEvent } from './errors.js'

/** @import * as Types from './index.js' */
/** @import { Check, Request, Send } from './internal.js' */

/** @type {WeakMap<Types.Task, string>} */
const etags = new WeakMap()

/** @type {typeof Types.etagOf} */
export const etagOf = (task) => etags.get(task)

/** @type {typeof Types.newIdempotencyKey} */
export function newIdempotencyKey() {
  const crypto = globalThis.crypto
  if (crypto?.randomUUID) return crypto.randomUUID()
  // An http origin other than localhost has no randomUUID, and Node 18 has no global crypto.
  // A key must differ from the user's other keys, but it is not a secret.
  const bytes = crypto ? crypto.getRandomValues(new Uint8Array(16)) : Array.from({ length: 16 }, () => Math.random() * 256)
  return Array.from(bytes, (byte) => Math.floor(byte).toString(16).padStart(2, '0')).join('')
}

/** @type {typeof Types.createClient} */
export function createClient(options = {}) {
  const target = new EventTarget()
  const send = transport(target, options)
  if (options.onSessionLost) target.addEventListener('session-lost', /** @type {(event: Event) => void} */ (options.onSessionLost))

  return Object.assign(/** @type {Types.SessionEvents} */ (target), tasksOf(send, options.userId ?? 'me'), {
    forUser: (/** @type {string} */ userId) => tasksOf(send, userId),
    async session(/** @type {Types.SessionOptions | undefined} */ options) {
      return (await send('/api/auth/session' + (options?.peek ? '?peek=true' : ''), only(options), json(isSession))).body
    },
  })
}

/**
 * @param {Send} send
 * @param {string} userId
 * @returns {Types.Tasks}
 */
function tasksOf(send, userId) {
  const list = `/api/proxy/${encodeURIComponent(userId)}/tasks`
  const path = (/** @type {number} */ id) => `${list}/${encodeURIComponent(id)}`

  /**
   * @param {string} path
   * @param {Request} request
   */
  async function oneTask(path, request) {
    const { body, headers } = await send(path, request, json(isTask))
    const etag = headers.get('ETag')
    if (etag) etags.set(body, etag)
    return body
  }

  return {
    async fetchTasks(options = {}) {
      return (await send(list + queryOf(options), only(options), json(isList))).body
    },

    async *pages(options = {}) {
      const asked = new Set()
      for (let query = queryOf({ ...options, limit: options.limit ?? 100 }); query;) {
        // A cache that returns the same page for every query would cause an endless loop.
        if (asked.has(query)) throw new ApiError('The server gave an answer that cannot be read.', { status: 200, code: 'INVALID_RESPONSE', detail: 'The list leads back to a page that was read.' })
        asked.add(query)
        const { body, headers } = await send(list + query, only(options), json(isList))
        yield body
        query = nextOf(headers.get('Link'))
      }
    },

    fetchTask: (id, options) => oneTask(path(id), only(options)),

    createTask: (task, options) => oneTask(list, {
      ...only(options), method: 'POST', body: task, headers: { 'Idempotency-Key': options?.idempotencyKey ?? newIdempotencyKey() },
    }),

    updateTask: async (id, change, options) => oneTask(path(id), { method: 'PUT', body: change, ...conditional(options) }),

    toggleTask: async (id, options) => oneTask(path(id) + '/complete', { method: 'PATCH', ...conditional(options) }),

    async deleteTask(id, options) {
      return (await send(path(id), { method: 'DELETE', ...conditional(options) }, json(isDeleted))).body
    },

    watchTasks: (options = {}) => watch(send, list + '/events', isTask, options),
  }
}

/**
 * only keeps the options for the transport. Options beyond the types must not become a
 * method or a header.
 * @param {Types.RequestOptions} [options]
 * @returns {Request}
 */
const only = ({ signal, timeout, keepalive } = {}) => ({ signal, timeout, keepalive })

/** @param {Types.ChangeOptions} [options] */
function conditional(options = {}) {
  const { ifMatch } = options
  const etag = typeof ifMatch === 'object' ? etagOf(ifMatch) : ifMatch
  // Without the condition, the request could overwrite the change that it must not overwrite.
  if (ifMatch !== undefined && !etag) throw new TypeError('ifMatch: the version of this task is not known; read it with fetchTask first')
  return { ...only(options), headers: { 'If-Match': etag } }
}

/**
 * queryOf also passes unknown options on: the API refuses them and names them.
 * @param {Types.ListOptions} options
 */
function queryOf({ signal, timeout, keepalive, ...filter }) {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  return given.length > 0 ? '?' + new URLSearchParams(given.map(([name, value]) => [name, String(value)])) : ''
}

/**
 * nextOf takes only the query of the link (RFC 8288) to the next page. The path is known, so
 * no header can send the requests to another place.
 * @param {string | null} links
 */
function nextOf(links) {
  const next = /<([^>]*)>\s*;[^,<]*\brel="?next\b/i.exec(links ?? '')?.[1]
  return next ? new URL(next, 'http://localhost').search : ''
}

/** @type {Check<Types.Task>} */
const isTask = (body) => typeof body?.id === 'number' && typeof body.title === 'string'

/** @type {Check<Types.Task[]>} */
const isList = (body) => Array.isArray(body) && body.every(isTask)

/** @type {Check<Types.Deleted>} */
const isDeleted = (body) => body?.success === true

/** @type {Check<Types.Session | null>} */
const isSession = (body) => body === null || typeof body?.user?.id === 'string'

const client = createClient()
export default client

// The exported functions accept an optional user id as the first argument, as in the
// quickstart.
export const { fetchTasks, fetchTask, createTask, updateTask, deleteTask, toggleTask, pages, watchTasks } = /** @type {Types.Bound} */ (
  Object.fromEntries(Object.keys(client.forUser('me')).map((name) => [name, (/** @type {any[]} */ ...args) => {
    const tasks = typeof args[0] === 'string' ? client.forUser(args.shift()) : client
    return /** @type {any} */ (tasks)[name](...args)
  }])))
