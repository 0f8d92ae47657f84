// Types that the files of this folder share; index.d.ts has the public types.
import type { RequestOptions } from './index.js'

/** A reader calls accepted when the answer is from our server, and within to set how long the rest may take. */
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
