// Failures are one of two classes: the server refused (ApiError), or there was no answer
// (NetworkError). A body that cannot be parsed is an ApiError, not a SyntaxError.

const sessionOver = 'Session expired. Please log in again.'

/** @import * as Types from './index.js' */

export class ApiError extends Error {
  name = /** @type {const} */ ('ApiError')

  /**
   * @param {string} message
   * @param {Types.ApiErrorDetails} details
   */
  constructor(message, { status, code, detail = message, fields = {}, requestId = null, retryAfter = null }) {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
    this.fields = fields
    this.requestId = requestId
    this.retryAfter = retryAfter
  }
}

export class NetworkError extends Error {
  name = /** @type {const} */ ('NetworkError')

  /**
   * @param {'NETWORK' | 'TIMEOUT'} code
   * @param {unknown} [cause]
   */
  constructor(code, cause) {
    super(code === 'TIMEOUT' ? 'The server did not answer in time.' : 'The server cannot be reached.', { cause })
    this.code = code
  }
}

export class SessionLostEvent extends Event {
  /** @param {Types.SessionLostCode} code */
  constructor(code) {
    super('session-lost')
    this.code = code
    this.message = sessionOver
  }
}

/**
 * unreadable is the error for an answer that is neither JSON of the right shape nor events,
 * for example from a proxy, or from a server that serves its start page for every path.
 * @param {Response} answer
 */
export function unreadable(answer) {
  const message = answer.ok ? 'The server gave an answer that cannot be read.' : `The server cannot answer at the moment (${answer.status}).`
  return new ApiError(message, { ...fromHeaders(answer), code: 'INVALID_RESPONSE' })
}

/**
 * refusal reads the BFF's {error, code, message} and the API's problem details
 * (RFC 9457), whose code is made from its title.
 * @param {Response} answer
 * @param {any} body
 */
export function refusal(answer, body) {
  const about = fromHeaders(answer)
  if (answer.status === 401) { // not the server's text: people read the same message for both codes
    return new ApiError(sessionOver, { ...about, code: body?.code === 'NO_SESSION' ? 'NO_SESSION' : 'SESSION_EXPIRED', detail: text(body?.message ?? body?.detail) })
  }
  const code = text(body?.code) ?? text(body?.title)?.toUpperCase().replace(/\W+/g, '_')
  const detail = text(body?.message) ?? text(body?.detail)
  if (!code || !detail) return unreadable(answer)
  return new ApiError(answer.status === 403 ? 'Access denied' : detail, {
    ...about, code, detail, fields: fieldsOf(body.errors), requestId: about.requestId ?? text(body.request_id) ?? null,
  })
}

/** @param {Response} answer */
function fromHeaders({ status, headers }) {
  return { status, requestId: headers.get('X-Request-Id'), retryAfter: secondsOf(headers.get('Retry-After')) }
}

/** @param {string | null} header a number of seconds, or a date */
function secondsOf(header) {
  if (!header) return null
  const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000)
  return Number.isNaN(seconds) ? null : Math.max(0, seconds)
}

/**
 * @param {unknown} errors
 * @returns {Record<string, string>}
 */
function fieldsOf(errors) {
  const named = new Map()
  for (const { field, message } of Array.isArray(errors) ? errors.map(Object) : []) {
    if (text(field)) named.set(field, [named.get(field), text(message)].filter(Boolean).join('; '))
  }
  return Object.fromEntries(named) // safe with a field named __proto__
}

/**
 * @param {unknown} value
 * @returns {string | undefined}
 */
const text = (value) => (typeof value === 'string' && value ? value : undefined)
