import type { components, operations } from './openapi.js'

type Schemas = components['schemas']

/** A task as the API sends it. */
export type Task = Schemas['Task']
/** What a new task is made of: a title, and optionally `description` and `completed`. */
export type NewTask = Schemas['NewTask']
/** What is to be different; members that are left out keep their value. */
export type TaskChange = Schemas['TaskChange']
export type Deleted = Schemas['Deleted']

/** Who is signed in, as `/api/auth/session` says. `token` is a handle, which opens nothing. */
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
}

export interface ClientOptions {
  /** The BFF's origin, such as `https://bff.example.com`. Default: the page's own. */
  baseURL?: string | undefined
  /** Default: `globalThis.fetch`, as it is when a request is made. */
  fetch?: typeof globalThis.fetch | undefined
  /** Whose tasks: `me`, or the id of whoever is signed in. Default: `me`. */
  userId?: string | undefined
  /** How long an answer may take to be complete, in milliseconds; 0: for ever. Default: 30 000. */
  timeout?: number | undefined
  /** How often a request is sent again at most, where that is safe. Default: 2. */
  retries?: number | undefined
  /** The same as `client.addEventListener('session-lost', …)`. */
  onSessionLost?: ((event: SessionLostEvent) => void) | undefined
}

export interface RequestOptions {
  /** Ends the request; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal | undefined
  /** In place of the client's, in milliseconds. */
  timeout?: number | undefined
  /** Let the request outlive the page that it is sent from. */
  keepalive?: boolean | undefined
}

export interface CreateOptions extends RequestOptions {
  /**
   * The name of this creation, from {@link newIdempotencyKey}: however often it is sent, in the next
   * 24 hours, there is one task. Pass one to send the same creation again later, after a new sign-in
   * say. Default: a new one, which the client's own retries share.
   */
  idempotencyKey?: string | undefined
}

export interface ChangeOptions extends RequestOptions {
  /**
   * Only if the task is still this version: an ETag, or a task that {@link Tasks.fetchTask}, `createTask`,
   * `updateTask` or `toggleTask` gave. Otherwise an {@link ApiError} with status 412.
   */
  ifMatch?: string | Task | undefined
}

type Query = NonNullable<operations['fetchTasks']['parameters']['query']>

/** Which tasks, in what order, and with `limit` how many at most. */
export type ListFilter = { [Name in Exclude<keyof Query, 'cursor'>]?: Query[Name] | undefined }

export interface ListOptions extends ListFilter, RequestOptions {}

export interface WatchOptions {
  onCreated?: ((task: Task) => void) | undefined
  onUpdated?: ((task: Task) => void) | undefined
  /** With the task as it was. */
  onDeleted?: ((task: Task) => void) | undefined
  /** Changes may have been missed: load the list anew. */
  onReset?: ((reason: string) => void) | undefined
  /**
   * Changes from now on will be told. `resumed`: those since the last one too; otherwise this is the
   * moment to load the list.
   */
  onOpen?: ((open: { readonly resumed: boolean }) => void) | undefined
  /**
   * The connection has ended, by itself (`error` is null) or not, and will be tried again; unless it is
   * `final`, because the server refuses, as it does when the session is over.
   */
  onClosed?: ((closed: { readonly error: ApiError | NetworkError | null; readonly final: boolean }) => void) | undefined
  /** Ends the watch, as the function does that is returned. */
  signal?: AbortSignal | undefined
}

export interface Tasks {
  /** All tasks that pass the filter, or with `limit` the first of them. */
  fetchTasks(options?: ListOptions): Promise<Task[]>
  /** All tasks that pass the filter, a page of `limit` (default 100) at a time. */
  pages(options?: ListOptions): AsyncGenerator<Task[], void, undefined>
  fetchTask(id: number, options?: RequestOptions): Promise<Task>
  createTask(task: NewTask, options?: CreateOptions): Promise<Task>
  updateTask(id: number, change: TaskChange, options?: ChangeOptions): Promise<Task>
  /** Completed becomes open, and open completed. */
  toggleTask(id: number, options?: ChangeOptions): Promise<Task>
  deleteTask(id: number, options?: ChangeOptions): Promise<Deleted>
  /**
   * Tells of changes made here or anywhere else, until the session is over or the function that it
   * returns is called. Reconnects by itself and misses nothing meanwhile.
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
  session(options?: RequestOptions): Promise<Session | null>
  /** The same functions under another user id in the path; it is the session that decides what they may do. */
  forUser(userId: string): Tasks
}

/** The functions of {@link Tasks}, of which each may be given a user id first, as in the quickstart. */
export type Bound = { [F in keyof Tasks]: Tasks[F] & ((userId: string, ...args: Parameters<Tasks[F]>) => ReturnType<Tasks[F]>) }

export function createClient(options?: ClientOptions): Client

/** The client that the functions below belong to: the page's own origin, and `me`. */
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

/** The version of a task that came alone, not in a list; for {@link ChangeOptions.ifMatch}. */
export function etagOf(task: Task): string | undefined

/** A name for one creation. */
export function newIdempotencyKey(): string

export type SessionLostCode = 'NO_SESSION' | 'SESSION_EXPIRED'

/** Dispatched once for each lost session, and again only after a request has succeeded since. */
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

/** The server refused, or gave an answer that cannot be read (`INVALID_RESPONSE`). `message` is for people. */
export class ApiError extends Error {
  constructor(message: string, details: ApiErrorDetails)
  readonly name: 'ApiError'
  readonly status: number
  /** The BFF's code (`SESSION_EXPIRED`), or the API's title as one (`NOT_FOUND`). Stable. */
  readonly code: string
  /** The server's own words. */
  readonly detail: string
  /** What is wrong with which field, for a 422. */
  readonly fields: Record<string, string>
  /** The id under which the server's log has the request. */
  readonly requestId: string | null
  /** In seconds. */
  readonly retryAfter: number | null
}

/** No answer came: `NETWORK`, or not in time: `TIMEOUT`. `message` is for people. */
export class NetworkError extends Error {
  constructor(code: 'NETWORK' | 'TIMEOUT', cause?: unknown)
  readonly name: 'NetworkError'
  readonly code: 'NETWORK' | 'TIMEOUT'
}
