// Small pieces that every page uses.
import { useId, useLayoutEffect, useRef } from '../vendor/hooks.js'
import { html } from './html.js'
import { icons } from './icons.js'
import { createStore, useStore } from './store.js'

/** @param {{ name: string }} props */
export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${icons[name]} /></svg>`

// What has happened, for those who cannot see it happen.
const spoken = createStore({ text: '', n: 0 })

/** @type {ReturnType<typeof setTimeout>|undefined} */
let heard

/** @param {string} text */
export function announce(text) {
	spoken.set({ text, n: spoken.get().n + 1 })
	// Whoever reads on comes to these regions too, where it would still be said when it is no longer so.
	clearTimeout(heard)
	heard = setTimeout(() => spoken.merge({ text: '' }), 5_000)
}

/** Two regions take turns, so that the same text is read again. */
export function Announcer() {
	const { text, n } = useStore(spoken)
	return html`<div class="unseen" aria-live="polite">${n % 2 ? text : ''}</div><div class="unseen" aria-live="polite">${n % 2 ? '' : text}</div>`
}

/**
 * @typedef {{ id: number, text: string, act: string|undefined, run: (() => void)|undefined, bad: boolean|undefined, kept: boolean|undefined }} Toast
 */
export const toasts = createStore(/** @type {Toast[]} */ ([]))
let made = 0

/**
 * Says something in the corner. With act it offers a way back; kept, it has a text that is
 * nowhere else, and stays until somebody takes it or lets it go.
 * @param {string} text
 * @param {{ act?: string, run?: () => void, bad?: boolean, stay?: number, kept?: boolean }} [more]
 * @returns {number}
 */
export function toast(text, { act, run, bad, stay = bad ? 12_000 : 6_000, kept } = {}) {
	const id = ++made
	const old = toasts.get().filter(t => !t.kept)
	toasts.set([...toasts.get().filter(t => t.kept || old.indexOf(t) >= old.length - 3), { id, text, act, run, bad, kept }])
	announce(act ? `${text} ${act} is offered${act === 'Undo' ? ', also with Control Z' : ''}.` : text)
	const end = () => (inUse(id) ? setTimeout(end, 1000) : dismiss(id))
	if (!kept) setTimeout(end, stay)
	return id
}

/** Nothing that was said to one person is there for the next. */
export function hush() {
	toasts.set([])
	spoken.set({ text: '', n: 0 })
}

/** Whether somebody points at a notice, or has the focus in it. @param {number} id */
export const inUse = id => Boolean(document.querySelector(`.toast[data-id="${id}"]:is(:hover, :focus-within)`))

/** @param {number} id */
export function dismiss(id) {
	toasts.set(toasts.get().filter(t => t.id !== id))
}

// The corner is behind the whole list for those who get there with Tab.
addEventListener('keydown', event => {
	if (event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
	if (event.target instanceof Element && event.target.matches('textarea, input:not([type=checkbox])')) return // these have an undo of their own
	const last = toasts.get().filter(t => t.act === 'Undo').pop()
	if (!last || document.querySelector('dialog[open]')) return
	event.preventDefault()
	dismiss(last.id)
	last.run?.()
})

export function Toasts() {
	const all = useStore(toasts)
	return html`<section class="toasts" aria-label="Notices">${all.map(
		t => html`<div key=${t.id} data-id=${t.id} class=${t.bad ? 'toast bad' : 'toast'}>
			<span class="toast-text">${t.text}</span>
			${t.act && html`<button type="button" class="link" aria-keyshortcuts=${t.act === 'Undo' ? 'Control+Z Meta+Z' : undefined} onClick=${() => {
				dismiss(t.id)
				t.run?.()
			}}>${t.act}</button>`}
			<button type="button" class="quiet square" aria-label="Dismiss" onClick=${() => dismiss(t.id)}><${Icon} name="close" /></button>
		</div>`,
	)}</section>`
}

/**
 * A dialog over the page. It is the browser's own, which keeps the focus inside and
 * gives it back.
 * @param {{ title: string, children?: unknown, onClose?: () => void, shut?: boolean }} props
 *   shut: it cannot be closed, and what is behind it cannot be seen
 */
export function Dialog({ title, children, onClose, shut }) {
	const id = useId() // the one that asks for the password may stand over another
	const ref = useRef(/** @type {HTMLDialogElement|null} */ (null))
	useLayoutEffect(() => {
		const dialog = ref.current
		const back = document.activeElement
		if (!dialog?.open) dialog?.showModal()
		return () => {
			dialog?.close()
			// Only once all is drawn may the page behind it have the focus again.
			queueMicrotask(() => back instanceof HTMLElement && back.isConnected && back.focus())
		}
	}, [])
	return html`<dialog ref=${ref} class=${shut ? 'shut' : ''} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => {
		event.preventDefault()
		if (!shut) onClose?.()
	}} onClose=${() => {
		// A browser asks once: a second Escape closes a dialog whatever it was told.
		if (!ref.current?.isConnected) return
		if (shut) ref.current.showModal()
		else onClose?.()
	}}>
		<h2 id=${id}>${title}</h2>
		${children}
	</dialog>`
}

/**
 * The heading of a page: it names the document, and takes the focus when the page
 * was reached by a link, so that keyboards and screen readers start there.
 * @param {{ title: string, quiet?: boolean, focus?: boolean }} props
 */
export function Heading({ title, quiet, focus }) {
	const ref = useRef(/** @type {HTMLElement|null} */ (null))
	// Before the page is seen: later, it could take the focus from where somebody types.
	useLayoutEffect(() => {
		document.title = title + ' · Vestibule'
		if (focus) ref.current?.focus({ preventScroll: true })
	}, [title])
	return html`<h1 ref=${ref} tabindex="-1" class=${quiet ? 'unseen' : ''}>${title}</h1>`
}

/** @param {{ text: string, onRetry: () => void, act?: string }} props */
export const Away = ({ text, onRetry, act = 'Try again' }) => html`<div class="banner" role="alert">
	<${Icon} name="cloud-off" /><span>${text}</span>
	<button type="button" class="small" onClick=${onRetry}>${act}</button>
</div>`

/**
 * @param {{ lines?: number, label: string }} props
 */
export const Skeleton = ({ lines = 5, label }) => html`<div class="skeleton" role="status" aria-label=${label}>
	${Array.from({ length: lines }, (_, i) => html`<div key=${i} class="bone"></div>`)}
</div>`
