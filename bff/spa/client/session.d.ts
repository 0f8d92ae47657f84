import type { Session } from './index.js'

export type SessionUser = Pick<Session['user'], 'id' | 'name' | 'email' | 'emailVerified'>

export interface SessionState {
  /**
   * `loading`: not known yet; show nothing private. `in`, `out`: known. `lost`: the session has ended while
   * the page was in use; keep the page, but hide it, until the same user is back. `away`: the server could not
   * be reached when the page was opened, or when the browser restored it for "back".
   */
  readonly state: 'loading' | 'in' | 'out' | 'lost' | 'away'
  /**
   * Also known while `lost`, and while a page that was restored for "back" is `loading` or `away`: keep the page,
   * but hide it. Somebody else may have signed in meanwhile.
   */
  readonly user: SessionUser | null
  /** The session's handle, to find it in `/api/auth/list-sessions`. It gives no access. */
  readonly handle: string
  /** Why nobody is signed in: what was given to `leave`, or `elsewhere` after a sign-out in another tab. */
  readonly why: string
  /** The session ends soon. `stay`: unless it is used. `final`: whatever happens, since it has reached its greatest age. */
  readonly warning: null | 'stay' | 'final'
}

/** An answer of `/api/auth/session`, `/sign-in/email` or `/sign-up/email`. */
export interface SessionAnswer {
  readonly user: SessionUser
  readonly token?: string | null | undefined
  readonly session?: { readonly token: string; readonly expiresAt?: string; readonly updatedAt?: string } | undefined
  /** When the session ends if it is not used. */
  readonly expiresAt?: string | undefined
  /** When it ends at the latest. */
  readonly maxExpiresAt?: string | undefined
}

/** For tests. */
export interface Clock {
  /** The time of day in milliseconds, as `Date.now`. */
  now(): number
  /** A clock that nobody sets, in milliseconds, as `performance.now`. */
  elapsed(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export interface SessionOptions {
  /** The BFF's origin. Default: the origin of the page. */
  baseURL?: string | undefined
  /** Default: `globalThis.fetch`, looked up at each request. */
  fetch?: typeof globalThis.fetch | undefined
  /** The name by which the tabs find each other. Default: `vestibule.session`. */
  channel?: string | undefined
  /** How long before the end to warn, in milliseconds; at most a quarter of the session's lifetime. Default: 120 000. */
  warnBefore?: number | undefined
  clock?: Clock | undefined
}

export interface FetchOptions extends RequestInit {
  /** After the session has ended, wait until the same user has signed in again, and then send the request once more. */
  hold?: boolean | undefined
  /** Whose request it is. If somebody else is signed in, it is not sent and the promise is rejected. Default: the user of now. */
  userId?: string | undefined
}

export interface SessionKit {
  get(): SessionState
  /** Calls the listener after each change. Returns a function that ends this. With React: `useSyncExternalStore(kit.follow, kit.get)`. */
  follow(listener: () => void): () => void
  /** Asks the server who is signed in. Call it once at the start. */
  load(): Promise<void>
  /** The same from the state `away`, which becomes `loading`. */
  retry(): Promise<void>
  /** Somebody has signed in or up here: pass the server's answer. The other tabs learn it. */
  enter(answer: SessionAnswer): void
  /** The user or the session's handle has changed, for example by a new name or password. */
  update(change: { user?: Partial<SessionUser>; handle?: string }): void
  /** The session has ended, for example because a stream ended with a 401. The other tabs ask the server, each once. */
  lost(): void
  /** Ends the session in this page: nothing of the user stays. */
  leave(why?: string): void
  /** The same in all tabs, after a sign-out or the deletion of the account. */
  leaveEverywhere(why?: string): void
  /** Extends the session, for the answer to the warning. The warnings of all tabs end. Returns whether the session lasts longer now. */
  stay(): Promise<boolean>
  /** How long the session lasts, in milliseconds; `Infinity` if that is not known. */
  left(): number
  /**
   * Whether the session is valid although a request got a 401. A new password or another sign-in changes the
   * secret in the cookie, and requests that are under way with the old one are refused without an effect.
   * @param sent when the request was sent, as `performance.now()`
   * @param userId whose request it was. Default: the user's of now
   */
  isStillValid(sent: number, userId?: string): Promise<boolean>
  /** Waits until somebody is signed in or has left. Returns whether it is the same user as now. */
  returned(): Promise<boolean>
  /**
   * A `fetch` that notices the end of the session. If the session is still valid after a 401, it sends the same
   * request (with the same Idempotency-Key) once more. It never sends a request of one user for another one. The
   * body must not be a stream.
   */
  fetch(url: string | URL | Request, init?: FetchOptions): Promise<Response>
  /** Ends timers and listeners. */
  close(): void
}

export function createSession(options?: SessionOptions): SessionKit
