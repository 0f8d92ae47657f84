// Forms: one submission at a time, each error at its field, and the focus at the first
// error.
import { useId, useLayoutEffect, useRef, useState } from '../vendor/hooks.js'
import { problems } from './auth.js'
import { html } from './html.js'
import { Icon } from './ui.js'

/**
 * @typedef {{ errors: Record<string, string>, busy: boolean, submit: (event: Event) => void, edited: (event: Event) => void }} Form
 */

/**
 * @template {string} F
 * @param {F[]} fields
 * @param {(values: Record<F, string>, form: HTMLFormElement) => Promise<unknown>} send
 * @param {{ check?: (values: Record<F, string>) => Record<string, string>, failed?: (error: unknown) => Record<string, string>|null }} [more]
 *   check finds errors before anything is sent; failed may translate an error into texts
 * @returns {Form}
 */
export function useForm(fields, send, { check, failed } = {}) {
	const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}))
	const [busy, setBusy] = useState(false)
	const sending = useRef(false) // changes immediately, while busy changes at the next render
	const form = useRef(/** @type {HTMLFormElement|null} */ (null))
	const refused = useRef(false) // only just now: correcting one field must not move the focus to the next
	useLayoutEffect(() => {
		if (!refused.current) return
		refused.current = false
		const first = form.current?.querySelector('[aria-invalid="true"]')
		if (first instanceof HTMLElement) first.focus()
	}, [errors])
	return {
		errors,
		busy,
		async submit(event) {
			event.preventDefault()
			if (sending.current || !(event.currentTarget instanceof HTMLFormElement)) return
			const target = (form.current = event.currentTarget)
			const data = new FormData(target)
			const values = /** @type {Record<F, string>} */ (Object.fromEntries(fields.map(name => [name, String(data.get(name) ?? '')])))
			const wrong = check?.(values) ?? {}
			refused.current = Object.keys(wrong).length > 0
			setErrors(wrong)
			if (refused.current) return
			sending.current = true
			setBusy(true)
			try {
				await send(values, target)
			} catch (error) {
				const found = failed?.(error) ?? problems(error)
				// An error without a field is shown above the button.
				const known = Object.entries(found).map(([field, text]) => [target.elements.namedItem(field) ? field : '', text])
				refused.current = true
				setErrors(Object.fromEntries(known))
			} finally {
				sending.current = false
				setBusy(false)
			}
		},
		edited(event) {
			const field = event.target
			if (field instanceof HTMLInputElement && errors[field.name]) setErrors({ ...errors, [field.name]: '' })
		},
	}
}

/**
 * @param {{ form: Form, name: string, label: string, type?: string, complete: string, value?: string, hint?: string, focus?: boolean, fixed?: boolean, mode?: string, optional?: boolean }} props
 *   complete: what a password manager may fill in; fixed: cannot be changed
 */
export function Field({ form, name, label, type = 'text', complete, value, hint, focus, fixed, mode, optional }) {
	const id = useId()
	const [shown, setShown] = useState(false)
	const error = form.errors[name]
	const secret = type === 'password'
	return html`<div class="field">
		<label for=${id}>${label}</label>
		<div class="box">
			<input id=${id} name=${name} type=${secret && shown ? 'text' : type} autocomplete=${complete} defaultValue=${value ?? ''} autofocus=${focus}
				readonly=${fixed} inputmode=${mode} autocapitalize=${type === 'text' ? undefined : 'none'} spellcheck=${type === 'text' ? undefined : 'false'}
				dir=${type === 'text' ? 'auto' : undefined} aria-required=${optional ? undefined : 'true'} aria-invalid=${error ? 'true' : undefined}
				aria-describedby=${error ? id + '-error' : hint ? id + '-hint' : undefined} onInput=${form.edited} />
			${secret && html`<button type="button" class="quiet square" aria-label=${'Show ' + label.toLowerCase()} aria-pressed=${String(shown)} aria-controls=${id}
				onClick=${() => setShown(!shown)}><${Icon} name=${shown ? 'eye-off' : 'eye'} /></button>`}
		</div>
		${error ? html`<p class="error" id=${id + '-error'}>${error}</p>` : hint && html`<p class="hint" id=${id + '-hint'}>${hint}</p>`}
	</div>`
}

/** The errors of the whole form. @param {{ form: Form }} props */
export const FormError = ({ form }) => html`<div role="alert">${form.errors[''] && html`<p class="error whole">${form.errors['']}</p>`}</div>`

/** @param {{ form: Form, label: string, kind?: string }} props */
export const Submit = ({ form, label, kind = 'primary' }) =>
	html`<button type="submit" class=${kind} aria-disabled=${form.busy ? 'true' : undefined}>
		${form.busy && html`<span class="spinner" aria-hidden="true"></span>`}${label}
	</button>`

// The server's limits, checked before a request is sent.
/** @param {string} text */
export const length = text => [...text].length
/** @param {string} email */
export const emailProblem = email =>
	!email ? 'Enter your email address.' : /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(email) ? '' : 'This is not an email address.'
/** @param {string} password */
export const newPasswordProblem = password => (!password ? 'Enter a password.' : length(password) > 128 ? 'This password is too long. Use at most 128 characters.' : '')

/**
 * found removes empty texts.
 * @param {Record<string, string>} texts
 */
export const found = texts => Object.fromEntries(Object.entries(texts).filter(([, text]) => text))
