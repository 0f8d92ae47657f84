import type { components, operations } from './openapi.js'

type Schemas = components['schemas']

/** A task as the API sends it. */
export type Task = Schemas['Task']
/** The members of a new task: a title, and optionally `description`, `completed`, `due_on` and `position`. */
export type NewTask = Schemas['NewTask']
/** The members to change; members that are left out keep their value. */
export type TaskChange = Schemas['TaskChange']
export type Deleted = Schemas['Deleted']

/** Who is signed in, as `/api/auth/session` reports it. `token` is only a handle: it gives no access. */
export interface Session {
  session: {
    id: string
    token: string
    userId: string
    expiresAt: string
    createdAt: string
    updatedAt: string
    ipAddress: string
    userAgent: string
  }
  user: {
    id: string
    email: string
    emailVerified: boolean
    name: string
    image: string | null
    createdAt: string
    updatedAt: string
  }
  /** When the session ends if it is not used. */
  expiresAt: string
  /** When the session ends at the latest, however much it is used. */
  maxExpiresAt: string
}

export interface SessionOptions extends RequestOptions {
  /** Does not extend the session and sets no cookie: a timer may ask without keeping anybody signed in. */
  peek?: boolean | undefined
}

export interface ClientOptions {
  /** The BFF's origin, such as `https://bff.example.com`. Default: the origin of the page. */
  baseURL?: string | undefined
  /** Default: `globalThis.fetch`, looked up at each request. */
  fetch?: typeof globalThis.fetch | undefined
  /** Whose tasks: `me`, or the id of the signed-in user. Default: `me`. */
  userId?: string | undefined
  /** How long the complete answer may take, in milliseconds; 0: no limit. Default: 30 000. */
  timeout?: number | undefined
  /** How often a request is sent again at most, if that is safe. Default: 2. */
  retries?: number | undefined
  /** The same as `client.addEventListener('session-lost', …)`. */
  onSessionLost?: ((event: SessionLostEvent) => void) | undefined
}

export interface RequestOptions {
  /** Aborts the request; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Replaces the client's timeout, in milliseconds. */
  timeout?: number | undefined
  /** Lets the request continue after its page has closed. */
  keepalive?: boolean | undefined
}

export interface CreateOptions extends RequestOptions {
  /**
   * The key of this creation, from {@link newIdempotencyKey}. If the request is sent more than once
   * within 24 hours, only one task is created. Pass a key to send the same creation again later, for
   * example after a new sign-in. Default: a new key, which the client's own retries share.
   */
  idempotencyKey?: string | undefined
}

export interface ChangeOptions extends RequestOptions {
  /**
   * Makes the change only if the task still has this version: an ETag, or a task that
   * {@link Tasks.fetchTask}, `createTask`, `updateTask` or `toggleTask` returned. Otherwise the request
   * fails with an {@link ApiError} with status 412.
   */
  ifMatch?: string | Task | undefined
}

type Query = NonNullable<operations['fetchTasks']['parameters']['query']>

/** Which tasks, in which order, and with `limit` the maximum number. */
export type ListFilter = { [Name in Exclude<keyof Query, 'cursor'>]?: Query[Name] | undefined }

export interface ListOptions extends ListFilter, RequestOptions {}

export interface WatchOptions {
  onCreated?: ((task: Task) => void) | undefined
  onUpdated?: ((task: Task) => void) | undefined
  /** Gets the task as it was before the deletion. */
  onDeleted?: ((task: Task) => void) | undefined
  /** Changes may have been missed: load the list again. */
  onReset?: ((reason: string) => void) | undefined
  /**
   * From now on all changes are reported. If `resumed`, changes since the last event are reported too;
   * otherwise load the list now.
   */
  onOpen?: ((open: { readonly resumed: boolean }) => void) | undefined
  /**
   * The connection has ended, normally (`error` is null) or with an error. The client connects again
   * unless `final`: then the server has refused, for example because the session has ended.
   */
  onClosed?: ((closed: { readonly error: ApiError | NetworkError | null; readonly final: boolean }) => void) | undefined
  /** Ends the watch, like the returned function. */
  signal?: AbortSignal | undefined
}

export interface Tasks {
  /** All tasks that match the filter, or with `limit` the first of them. */
  fetchTasks(options?: ListOptions): Promise<Task[]>
  /** All tasks that match the filter, in pages of `limit` (default 100). */
  pages(options?: ListOptions): AsyncGenerator<Task[], void, undefined>
  fetchTask(id: number, options?: RequestOptions): Promise<Task>
  createTask(task: NewTask, options?: CreateOptions): Promise<Task>
  updateTask(id: number, change: TaskChange, options?: ChangeOptions): Promise<Task>
  /** Switches a task between open and completed. */
  toggleTask(id: number, options?: ChangeOptions): Promise<Task>
  deleteTask(id: number, options?: ChangeOptions): Promise<Deleted>
  /**
   * Reports all changes, made here or elsewhere, until the session ends or the returned function is
   * called. Reconnects automatically and reports the changes of the time between.
   */
  watchTasks(options?: WatchOptions): () => void
}

export interface SessionEvents extends EventTarget {
  addEventListener(type: 'session-lost', listener: (event: SessionLostEvent) => void, options?: boolean | AddEventListenerOptions): void
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void
  removeEventListener(type: 'session-lost', listener: (event: SessionLostEvent) => void, options?: boolean | EventListenerOptions): void
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void
}

export interface Client extends Tasks, SessionEvents {
  /** Who is signed in, or `null`. */
  session(options?: SessionOptions): Promise<Session | null>
  /** The same functions with another user id in the path. The session decides what they may do. */
  forUser(userId: string): Tasks
}

/** The functions of {@link Tasks}. Each accepts a user id as the first argument, as in the quickstart. */
export type Bound = { [F in keyof Tasks]: Tasks[F] & ((userId: string, ...args: Parameters<Tasks[F]>) => ReturnType<Tasks[F]>) }

export function createClient(options?: ClientOptions): Client

/** The client of the functions below: the origin of the page, and `me`. */
declare const client: Client
export default client

export const fetchTasks: Bound['fetchTasks']
export const fetchTask: Bound['fetchTask']
export const createTask: Bound['createTask']
export const updateTask: Bound['updateTask']
export const deleteTask: Bound['deleteTask']
export const toggleTask: Bound['toggleTask']
export const pages: Bound['pages']
export const watchTasks: Bound['watchTasks']

/** The version of a task that was returned alone, not in a list; for {@link ChangeOptions.ifMatch}. */
export function etagOf(task: Task): string | undefined

/** A new key for {@link CreateOptions.idempotencyKey}. */
export function newIdempotencyKey(): string

export type SessionLostCode = 'NO_SESSION' | 'SESSION_EXPIRED'

/** Dispatched once for each lost session. The next one comes only after a request has succeeded. */
export class SessionLostEvent extends Event {
  constructor(code: SessionLostCode)
  readonly code: SessionLostCode
  /** “Session expired. Please log in again.” */
  readonly message: string
}

export interface ApiErrorDetails {
  status: number
  code: string
  detail?: string | undefined
  fields?: Record<string, string> | undefined
  requestId?: string | null | undefined
  retryAfter?: number | null | undefined
}

/** The server refused, or its answer was invalid (`INVALID_RESPONSE`). `message` is for people. */
export class ApiError extends Error {
  constructor(message: string, details: ApiErrorDetails)
  readonly name: 'ApiError'
  readonly status: number
  /** The BFF's code (`SESSION_EXPIRED`), or the API's title as one (`NOT_FOUND`). Stable. */
  readonly code: string
  /** The server's message. */
  readonly detail: string
  /** The error of each invalid field, for a 422. */
  readonly fields: Record<string, string>
  /** The id of the request in the server's log. */
  readonly requestId: string | null
  /** In seconds. */
  readonly retryAfter: number | null
}

/** No answer arrived (`NETWORK`), or not in time (`TIMEOUT`). `message` is for people. */
export class NetworkError extends Error {
  constructor(code: 'NETWORK' | 'TIMEOUT', cause?: unknown)
  readonly name: 'NetworkError'
  readonly code: 'NETWORK' | 'TIMEOUT'
}
