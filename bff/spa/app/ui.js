// Small components that every page uses.
import { useId, useLayoutEffect, useRef } from '../vendor/hooks.js'
import { html } from './html.js'
import { icons } from './icons.js'
import { appName } from './page.js'
import { createStore, useStore } from './store.js'

/** @param {{ name: string }} props */
export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${icons[name]} /></svg>`

// Texts for screen readers: what has just happened.
const spoken = createStore({ text: '', n: 0 })

/** @type {ReturnType<typeof setTimeout>|undefined} */
let clearTimer

/** @param {string} text */
export function announce(text) {
	spoken.set({ text, n: spoken.get().n + 1 })
	// A screen reader can also reach these regions by reading on, so an outdated text must not stay.
	clearTimeout(clearTimer)
	clearTimer = setTimeout(() => spoken.merge({ text: '' }), 5_000)
}

/** Two regions alternate, so that the same text is read again. */
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
 * Shows a notice in the corner. act is the label of a button that calls run. A kept notice
 * offers a text that exists nowhere else, so it stays until the person takes or dismisses it.
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

/** Removes all notices, so that the next person does not see them. */
export function clearNotices() {
	toasts.set([])
	spoken.set({ text: '', n: 0 })
}

/** Whether the pointer or the focus is on a notice. @param {number} id */
export const inUse = id => Boolean(document.querySelector(`.toast[data-id="${id}"]:is(:hover, :focus-within)`))

/** @param {number} id */
export function dismiss(id) {
	toasts.set(toasts.get().filter(t => t.id !== id))
}

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
 * A dialog over the page. It is the browser's dialog element, which keeps the focus inside
 * and then gives it back.
 * @param {{ title: string, children?: unknown, onClose?: () => void, shut?: boolean }} props
 *   shut: it cannot be closed, and it hides the page behind it
 */
export function Dialog({ title, children, onClose, shut }) {
	const id = useId() // the password dialog may open over another dialog
	const ref = useRef(/** @type {HTMLDialogElement|null} */ (null))
	useLayoutEffect(() => {
		const dialog = ref.current
		const back = document.activeElement
		if (!dialog?.open) dialog?.showModal()
		return () => {
			dialog?.close()
			// The page behind can take the focus only after the render.
			queueMicrotask(() => back instanceof HTMLElement && back.isConnected && back.focus())
		}
	}, [])
	return html`<dialog ref=${ref} class=${shut ? 'shut' : ''} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => {
		event.preventDefault()
		if (!shut) onClose?.()
	}} onClose=${() => {
		// Browsers let a page prevent only the first Escape: a second one always closes.
		if (!ref.current?.isConnected) return
		if (shut) ref.current.showModal()
		else onClose?.()
	}}>
		<h2 id=${id}>${title}</h2>
		${children}
	</dialog>`
}

/**
 * The heading of a page. It sets the document's title. After a click on a link it takes the
 * focus, so that keyboards and screen readers start there.
 * @param {{ title: string, quiet?: boolean, focus?: boolean }} props
 */
export function Heading({ title, quiet, focus }) {
	const ref = useRef(/** @type {HTMLElement|null} */ (null))
	// Do this before the page is shown: later, it could take the focus from a field in use.
	useLayoutEffect(() => {
		document.title = `${title} · ${appName}`
		if (focus) ref.current?.focus({ preventScroll: true })
	}, [title])
	return html`<h1 ref=${ref} id="content" tabindex="-1" class=${quiet ? 'unseen' : ''}>${title}</h1>`
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
