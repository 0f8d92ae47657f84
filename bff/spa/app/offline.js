// The app without a network: it shows what the person saw last, read-only. This module
// decides when that is kept and when it is deleted; last-seen.js stores it.
import { useEffect, useState } from '../vendor/hooks.js'
import { awayText } from './auth.js'
import { DueDay } from './dates.js'
import { html } from './html.js'
import { clearLastSeen, loadLastSeen, saveLastSeen, seenOf } from './last-seen.js'
import { logo } from './page.js'
import { waiting } from './queue.js'
import { retry, session } from './session.js'
import { shown, tasks } from './tasks.js'
import { Away, Dialog, Heading } from './ui.js'
import { startWorker } from './worker.js'

const saveAfter = 1_000 // ms without another change
const day = 86_400_000 // ms

/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer
let guessed = false // when the session ends was not known at the last save

function save() {
	clearTimeout(timer)
	timer = undefined
	const { state, user } = session.get()
	if (state !== 'in' || !user || tasks.get().state !== 'ready') return
	const left = session.left() // Infinity: not known
	guessed = !Number.isFinite(left)
	const at = Date.now()
	void saveLastSeen({ user: user.id, at, until: at + (guessed ? day : left), tasks: seenOf(shown()) })
}

tasks.follow(() => {
	if (session.get().state === 'in') timer ??= setTimeout(save, saveAfter)
})
document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && timer !== undefined && save())

let whose = ''
session.follow(() => {
	const { state, user } = session.get()
	if (state === 'out' || state === 'lost') {
		clearTimeout(timer)
		timer = undefined
		guessed = false
		whose = ''
		void clearLastSeen()
	} else if (state === 'in' && user && user.id !== whose) {
		whose = user.id
		guessed = false
		void loadLastSeen().then(seen => {
			if (seen && seen.user !== session.get().user?.id) void clearLastSeen()
		})
		void startWorker()
	} else if (state === 'in' && guessed && Number.isFinite(session.left())) {
		save() // the record lasted for a day, however short the session is
	}
})

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/**
 * Covers a page that was restored for "back" and gets no answer. It shows no tasks: whoever uses
 * this browser now may be somebody else than the page's user.
 */
export const NoAnswer = () => html`<${Dialog} title="No connection" shut=${true}>
	<p class="lead">The server cannot be reached, so this page does not know whether you are still logged in. Your typed text is kept.</p>
	<div class="actions"><button type="button" class="primary" onClick=${retry}>Try again</button></div>
<//>`

/** @param {number} n */
const unsentWords = n => `${n === 1 ? 'A change of yours has not reached the server yet. It is' : `${n} changes of yours have not reached the server yet. They are`} sent when the server can be reached. New tasks are not in this list before that.`

/** The page while the server cannot be reached. */
export function Offline() {
	const [seen, setSeen] = useState(/** @type {import('./last-seen.js').LastSeen|null|undefined} */ (undefined))
	useEffect(() => void loadLastSeen().then(setSeen), [])
	if (seen === undefined) return null
	if (!seen) return html`<main class="enter"><div class="card"><${Heading} title="No connection" focus=${true} /><${Away} text=${awayText} onRetry=${retry} /></div></main>`
	const unsent = waiting(seen.user)
	return html`<main class="page">
		<p class="brand"><img src=${logo} width="28" height="28" alt="" /></p>
		<${Heading} title="Tasks" focus=${true} />
		<${Away} text=${`No connection to the server. These are your tasks of ${when.format(seen.at)}. You can change them when the server can be reached.`} onRetry=${retry} />
		${unsent > 0 && html`<p class="note">${unsentWords(unsent)}</p>`}
		${seen.tasks.length
			? html`<ul class="seen" aria-label="Tasks">${seen.tasks.map(task => html`<li key=${task.id} class=${task.completed ? 'done' : ''}>
				<p class="title" dir="auto">${task.title}${task.completed && html`<span class="unseen"> (done)</span>`}</p>
				<${DueDay} task=${task} />
				${task.description && html`<p class="description" dir="auto">${task.description}</p>`}
			</li>`)}</ul>`
			: html`<p class="lead">There were no tasks.</p>`}
	</main>`
}
