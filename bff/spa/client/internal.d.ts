// What the files of this folder have in common; index.d.ts is for everybody else.
import type { RequestOptions } from './index.js'

/** What a reader tells: that the answer is the server's own, and how long what follows may take. */
export interface Progress {
  accepted(): void
  within(ms: number): void
}

export type Reader<T> = (answer: Response, progress: Progress) => Promise<T>

export interface Request extends RequestOptions {
  method?: string
  body?: unknown
  headers?: Record<string, string | undefined>
  retries?: number
}

export type Send = <T>(path: string, request: Request, read: Reader<T>) => Promise<T>

export type Check<T> = (body: any) => body is T

/** A block of an event stream. */
export interface Block {
  type: string
  data?: string
  id?: string
  retry?: number
}
