// Requests about the account of the signed-in person. Two answers are handled here for all
// of them: the session has ended, and the password was last entered too long ago. In both
// cases a dialog asks for the password, and then the request is sent again.
import { AuthError, call, Cancelled } from './auth.js'
import { Field, FormError, found, Submit, useForm } from './form.js'
import { html } from './html.js'
import { route } from './route.js'
import { isStillValid, markLost, session } from './session.js'
import { createStore, useStore } from './store.js'
import { Dialog } from './ui.js'

// Before each attempt but the first, a person enters a password or the session is checked.
const maxAttempts = 4

/**
 * ask is call for the signed-in person.
 * @param {'GET'|'POST'} method
 * @param {string} path
 * @param {Record<string, unknown>} [body]
 */
export async function ask(method, path, body) {
	const userId = session.get().user?.id
	// When the answer arrives, another person may be signed in. It is not for them.
	const sameUser = () => session.get().user?.id === userId
	let rechecked = false
	for (let attempt = 1; ; attempt++) {
		const sent = performance.now()
		try {
			const answer = await call(method, path, body)
			if (!sameUser()) throw new Cancelled()
			return answer
		} catch (error) {
			if (!(error instanceof AuthError) || attempt === maxAttempts) throw error
			if (error.code === 'SESSION_NOT_FRESH') {
				if (!(await prove())) throw new Cancelled()
			} else if (error.status === 401) {
				const valid = !rechecked && (await isStillValid(sent, userId))
				rechecked = true
				if (!valid && sameUser() && !(await regained())) throw error
			} else throw error
			if (!sameUser()) throw new Cancelled()
		}
	}
}

/** Waits until the same person has logged in again. */
async function regained() {
	markLost()
	return session.get().state === 'lost' && (await session.returned())
}

/** @type {import('./store.js').Store<null | ((proven: boolean) => void)>} */
const asking = createStore(/** @type {null | ((proven: boolean) => void)} */ (null))
/** @type {Promise<boolean>|null} */
let proof = null

/** Asks for the password, once for all requests that wait for it. @returns {Promise<boolean>} false if the person cancels */
function prove() {
	proof ??= new Promise(resolve => asking.set(resolve)).finally(() => {
		proof = null
		asking.set(null)
	})
	return proof
}

// A person who has logged in again meanwhile has entered the password. And if another person
// has logged in, they must not be asked for the password of the first.
let before = session.get()
session.follow(() => {
	const now = session.get()
	if (now.user?.id !== before.user?.id) asking.get()?.(false)
	if (now.state === 'in' && before.state === 'lost') asking.get()?.(true)
	before = now
})
// Going to another page cancels the request.
route.follow(() => asking.get()?.(false))

export function Proof() {
	return useStore(asking) && html`<${Confirm} />`
}

function Confirm() {
	const { user } = useStore(session)
	const form = useForm(['password'], async ({ password }) => {
			await ask('POST', '/verify-password', { password })
			asking.get()?.(true)
		},
		{ check: ({ password }) => found({ password: password ? '' : 'Enter your password.' }) },
	)
	const close = () => asking.get()?.(false)
	return html`<${Dialog} title="Confirm that it is you" onClose=${close}>
		<p class="lead">Enter your password to continue. You will not be asked again for a while.</p>
		<form onSubmit=${form.submit} novalidate>
			<input type="email" name="username" autocomplete="username" value=${user?.email} hidden readonly />
			<${Field} form=${form} name="password" label="Password" type="password" complete="current-password" focus=${true} />
			<${FormError} form=${form} />
			<div class="actions">
				<${Submit} form=${form} label="Confirm" />
				<button type="button" onClick=${close}>Cancel</button>
			</div>
		</form>
	<//>`
}
