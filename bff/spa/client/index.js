// A client of the task API, for browsers and for Node, through the BFF's proxy: the
// session's cookie goes with each request, and no token is ever seen here.
// index.d.ts says what each function does; docs/client.md shows how they are used.
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
  // An http origin other than localhost has no randomUUID, and Node 18 no crypto at
  // all. A key must differ from the user's others; it is no secret.
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
    async session(/** @type {Types.RequestOptions | undefined} */ options) {
      return (await send('/api/auth/session', only(options), json(isSession))).body
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
        // A cache that gives one page for all would lead round for ever.
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
 * only leaves out of the options what is not for the transport: what is in there
 * beyond the types must not become a method or a header.
 * @param {Types.RequestOptions} [options]
 * @returns {Request}
 */
const only = ({ signal, timeout, keepalive } = {}) => ({ signal, timeout, keepalive })

/** @param {Types.ChangeOptions} [options] */
function conditional(options = {}) {
  const { ifMatch } = options
  const etag = typeof ifMatch === 'object' ? etagOf(ifMatch) : ifMatch
  // Sent without a condition, it would overwrite what it was to protect.
  if (ifMatch !== undefined && !etag) throw new TypeError('ifMatch: the version of this task is not known; read it with fetchTask first')
  return { ...only(options), headers: { 'If-Match': etag } }
}

/**
 * queryOf passes on what it does not know either: the API refuses it by name.
 * @param {Types.ListOptions} options
 */
function queryOf({ signal, timeout, keepalive, ...filter }) {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  return given.length > 0 ? '?' + new URLSearchParams(given.map(([name, value]) => [name, String(value)])) : ''
}

/**
 * nextOf takes the query alone of a link (RFC 8288) to the next page: where the list
 * is, we know, and no header can send the requests elsewhere.
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

// The functions on their own take a user id first, as the quickstart's do, or none.
export const { fetchTasks, fetchTask, createTask, updateTask, deleteTask, toggleTask, pages, watchTasks } = /** @type {Types.Bound} */ (
  Object.fromEntries(Object.keys(client.forUser('me')).map((name) => [name, (/** @type {any[]} */ ...args) => {
    const tasks = typeof args[0] === 'string' ? client.forUser(args.shift()) : client
    return /** @type {any} */ (tasks)[name](...args)
  }])))
