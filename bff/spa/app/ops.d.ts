// Types that sync.js, attempt.js and queue.js share.
import type { ApiError, Task } from '../client/index.js'

/** A change that the server has not confirmed yet. It is plain data, so that it survives a reload. */
export interface Op<R, C> {
	kind: 'create' | 'update' | 'delete'
	/** Of its record's row. */
	key: string
	change: C
	idempotencyKey: string
	/** When it was made, by this device's clock. */
	at: number
	/** The record as the person saw it. */
	before?: R
	/**
	 * queued: will be sent in its turn. waiting: can still be undone. failed: can be sent again. held: the session ended; it
	 * is sent when the person has logged in again.
	 */
	state: 'queued' | 'sending' | 'waiting' | 'failed' | 'held'
	/** It arrives even if the page closes now. */
	sent?: boolean
	/** It is repeated, so the person must hear when it is saved. */
	again?: boolean
	/** The server may have it. */
	tried?: boolean
	/** How often it was repeated without a person asking for it. */
	repeats?: number
	/** It was sent once more after a 412. */
	twice?: boolean
	/** It is sent without a version (see edit.js). */
	blind?: boolean
	/** The server's Retry-After, as a time of this device's clock. */
	notBefore?: number
}

/** What a kind of record can do at the server, and how its records are compared. */
export interface Kind<R, C> {
	create(change: C, idempotencyKey: string): Promise<R>
	update(id: number, change: C, ifMatch: string | undefined): Promise<R>
	remove(id: number): Promise<unknown>
	read(id: number): Promise<R>
	/** Whether the change has typed text. Nothing else is worth a question to the person. */
	hasText(change: C): boolean
	/** Whether the texts differ. */
	differs(a: R, b: R): boolean
	/** Whether the browser sends the change even if the page closes. */
	outlasts(change: C): boolean
}

export interface Listeners<R, C> {
	/** What is shown has changed. */
	changed(): void
	/** The session has ended. */
	lost(): void
	/** All repeated changes are saved. */
	saved(): void
	/** A change may or may not have arrived. */
	unsaved(op: Op<R, C>): void
	/** The server has a new or changed record. */
	reported(record: R): void
	removed(id: number, key: string, ours: boolean): void
	/** A change can no longer be undone: it is sent or held, or it was dropped because the record was changed elsewhere. */
	notWaiting(op: Op<R, C>, why: 'sent' | 'held' | 'changed'): void
	refused(op: Op<R, C>, error: ApiError, before: R | undefined): void
	/** The person must choose. same: the texts are the same, and the server refuses all the same. */
	conflict(op: Op<R, C>, theirs: R, same: boolean): void
}

export type Records<R extends Task> = ReturnType<typeof import('./records.js').createRecords<R>>
