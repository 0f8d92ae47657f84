// What is asked of the server about the account of whoever is signed in. Two answers are
// dealt with here, for every such request: the session has ended, and the password was
// proven too long ago. Both ask for the password in place and then go on with what was
// typed.
import { AuthError, call, Cancelled } from './auth.js'
import { Field, FormError, found, Submit, useForm } from './form.js'
import { html } from './html.js'
import { route } from './route.js'
import { alive, back, lose, session } from './session.js'
import { createStore, useStore } from './store.js'
import { Dialog } from './ui.js'

// Each turn but the first has a person in it, or a session that was found alive.
const mostTurns = 4

/**
 * ask is call for whoever is signed in.
 * @param {'GET'|'POST'} method
 * @param {string} path
 * @param {Record<string, unknown>} [body]
 */
export async function ask(method, path, body) {
	const whose = session.get().user?.id
	// Somebody else may be here by the time of an answer, and it is not their account
	// that this is about.
	const here = () => session.get().user?.id === whose
	let doubted = false
	for (let turn = 1; ; turn++) {
		const sent = performance.now()
		try {
			return await call(method, path, body)
		} catch (error) {
			if (!(error instanceof AuthError) || turn === mostTurns) throw error
			if (error.code === 'SESSION_NOT_FRESH') {
				if (!(await prove())) throw new Cancelled()
			} else if (error.status === 401) {
				const lives = !doubted && (await alive(sent, whose))
				doubted = true
				if (!lives && here() && !(await regained())) throw error
			} else throw error
			if (!here()) throw new Cancelled()
		}
	}
}

/** Waits until the same person has logged in again. */
async function regained() {
	lose()
	return session.get().state === 'lost' && (await back())
}

/** @type {import('./store.js').Store<null | ((proven: boolean) => void)>} */
const asking = createStore(/** @type {null | ((proven: boolean) => void)} */ (null))
/** @type {Promise<boolean>|null} */
let proof = null

/** Asks for the password, once for all who need it now. @returns {Promise<boolean>} false when it is not given */
function prove() {
	proof ??= new Promise(resolve => asking.set(resolve)).finally(() => {
		proof = null
		asking.set(null)
	})
	return proof
}

// Whoever has logged in again meanwhile has proven it; and nobody is asked for the
// password of somebody who has left.
let before = session.get()
session.follow(() => {
	const now = session.get()
	if (now.user?.id !== before.user?.id) asking.get()?.(false)
	if (now.state === 'in' && before.state === 'lost') asking.get()?.(true)
	before = now
})
// Who goes to another page has changed their mind.
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
		<p class="lead">Enter your password to go on. You need not do this again for a while.</p>
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
