// The warning before a session ends by itself.
import { useEffect, useReducer, useState } from '../vendor/hooks.js'
import { html } from './html.js'
import { leftWords } from './left.js'
import { appName } from './page.js'
import { session, stay } from './session.js'
import { useStore } from './store.js'
import { Dialog } from './ui.js'

export function Ending() {
	const { warning } = useStore(session)
	const [closed, setClosed] = useState(/** @type {typeof warning} */ (null))
	const [away, setAway] = useState(false)
	const [, again] = useReducer((/** @type {number} */ n) => n + 1, 0)
	useEffect(() => {
		setAway(false)
		if (!warning) setClosed(null) // the next time, it is shown again
	}, [warning])
	useEffect(() => { // the time that is left changes
		if (!warning || warning === closed) return undefined
		const timer = setTimeout(() => again(undefined), 5_000)
		return () => clearTimeout(timer)
	})
	if (!warning || warning === closed) return null
	const left = leftWords(session.left())
	const close = () => setClosed(warning)
	const extend = async () => setAway(!(await stay()))
	if (warning === 'final') {
		return html`<${Dialog} title=${`You will be logged out ${left}`} onClose=${close}>
			<p class="lead">Your session has reached its longest time. Save what you are typing. You can then log in again here, and go on.</p>
			<div class="actions"><button type="button" class="primary" onClick=${close}>OK</button></div>
		<//>`
	}
	return html`<${Dialog} title="Are you still there?" onClose=${close}>
		<p class="lead">You will be logged out ${left}, because you have not used ${appName} for some time.</p>
		<p class="error" role="alert">${away && 'The server could not be reached. Try again.'}</p>
		<div class="actions">
			<button type="button" class="primary" onClick=${extend}>Stay logged in</button>
			<button type="button" onClick=${close}>Close</button>
		</div>
	<//>`
}
