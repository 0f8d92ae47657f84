// The tasks page: add, search, order, and one row for each task.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js'
import { html } from './html.js'
import { WindowList } from './list.js'
import { logo } from './page.js'
import { navigate, route } from './route.js'
import { useStore } from './store.js'
import { add, cancel, discard, edit, refuseDraft, remove, retryAll, save, setDraft, shown, takeTheirs, tasks, textErrors, toggle, typed } from './tasks.js'
import { Away, Heading, Icon, Skeleton } from './ui.js'

const outOfDate = {
	away: 'No connection to the server. What you see may be out of date.',
	full: 'You have too many windows open. Changes from elsewhere are shown late here.',
}

/** @typedef {import('./tasks.js').Shown} Shown */

const filters = /** @type {const} */ ([
	['all', 'All'],
	['open', 'Open'],
	['done', 'Done'],
])
const byTitle = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
/** @type {Record<string, [label: string, order: (a: Shown, b: Shown) => number]>} */
const orders = {
	newest: ['Newest first', (a, b) => order(b.created_at, a.created_at) || b.id - a.id],
	oldest: ['Oldest first', (a, b) => order(a.created_at, b.created_at) || a.id - b.id],
	changed: ['Last changed', (a, b) => order(b.updated_at, a.updated_at) || b.id - a.id],
	title: ['By title', (a, b) => byTitle.compare(a.title, b.title) || a.id - b.id],
}
const order = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0)

/** @param {string} query */
function read(query) {
	const params = new URLSearchParams(query)
	const show = params.get('show') ?? 'all'
	const sort = params.get('sort') ?? 'newest'
	return {
		show: filters.some(([name]) => name === show) ? show : 'all',
		sort: Object.hasOwn(orders, sort) ? sort : 'newest',
		q: params.get('q') ?? '',
	}
}

/** @param {{ show: string, sort: string, q: string }} view */
function address({ show, sort, q }) {
	const params = new URLSearchParams()
	if (show !== 'all') params.set('show', show)
	if (q) params.set('q', q)
	if (sort !== 'newest') params.set('sort', sort)
	const query = params.toString()
	return '/tasks' + (query && '?' + query)
}

const fold = (/** @type {string} */ text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** @param {{ focus: boolean }} props */
export function TasksPage({ focus }) {
	const { query } = useStore(route)
	const now = useStore(tasks)
	const view = read(query)
	const [typing, setTyping] = useState(view.q)
	const timer = useRef(/** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined))
	const written = useRef(view.q) // the search text that the field below wrote to the address
	useEffect(() => {
		if (view.q === written.current) return // the typed text is newer
		written.current = view.q
		clearTimeout(timer.current)
		setTyping(view.q)
	}, [view.q])
	useEffect(() => () => clearTimeout(timer.current), [])

	const search = (/** @type {string} */ text) => {
		setTyping(text)
		clearTimeout(timer.current)
		timer.current = setTimeout(() => {
			const here = read(route.get().query)
			written.current = text.trim()
			navigate(address({ ...here, q: text.trim() }), { replace: Boolean(here.q) === Boolean(text.trim()) })
		}, 150)
	}

	const all = shown()
	const done = useMemo(() => all.reduce((n, task) => n + Number(task.completed), 0), [all])
	const counts = /** @type {Record<string, number>} */ ({ all: all.length, open: all.length - done, done })
	const q = typing.trim()
	const editing = now.edit?.key
	const items = useMemo(() => {
		const words = fold(q).split(/\s+/).filter(Boolean)
		return all
			.filter(task => {
				if (task.key === editing) return true // a row must not disappear while it is edited
				if (view.show !== 'all' && task.completed !== (view.show === 'done')) return false
				if (!words.length) return true
				const text = fold(task.title + ' ' + (task.description ?? ''))
				return words.every(word => text.includes(word))
			})
			.sort(orders[view.sort]?.[1])
	}, [all, q, view.show, view.sort, editing])

	const trouble =
		now.state === 'away' ? now.error : now.failed ? `${now.failed === 1 ? 'A change is' : now.failed + ' changes are'} not saved: the server could not be reached.` : now.cut ? outOfDate[now.cut] : ''

	return html`<main class="page">
		<${Heading} title="Tasks" focus=${focus} />
		<${AddForm} />
		<div class="controls">
			<nav class="filters" aria-label="Show">
				${filters.map(
					([name, label]) => html`<a key=${name} href=${address({ ...view, q, show: name })} aria-current=${view.show === name ? 'true' : undefined}>
						${label} <span class="count">${now.state === 'loading' ? '' : counts[name]}</span></a>`,
				)}
			</nav>
			<div class="box search">
				<${Icon} name="search" />
				<input type="search" aria-label="Search tasks" placeholder="Search" value=${typing} dir="auto" autocomplete="off"
					onInput=${(/** @type {{ target: HTMLInputElement }} */ event) => search(event.target.value)} />
			</div>
			<select aria-label="Order" value=${view.sort} onChange=${(/** @type {{ target: HTMLSelectElement }} */ event) => navigate(address({ ...view, q, sort: event.target.value }))}>
				${Object.entries(orders).map(([name, [label]]) => html`<option key=${name} value=${name}>${label}</option>`)}
			</select>
		</div>
		${trouble && html`<${Away} text=${trouble} onRetry=${retryAll} />`}
		<p class="unseen" role="status">${now.state === 'loading' ? 'Loading tasks' : `${items.length} of ${all.length} tasks shown`}</p>
		${now.state === 'loading'
			? html`<${Skeleton} label="Loading tasks" />`
			: items.length
				? html`<${WindowList} view=${[view.show, view.sort, q].join()} items=${items} label="Tasks" pinned=${editing}
						row=${(/** @type {Shown} */ task) => (task.key === editing ? html`<${Editor} task=${task} />` : html`<${Row} task=${task} show=${view.show} />`)} />`
				: html`<${Empty} all=${all.length} show=${view.show} q=${q} clear=${() => search('')} away=${now.state === 'away'} />`}
	</main>`
}

/** @param {{ all: number, show: string, q: string, clear: () => void, away: boolean }} props */
function Empty({ all, show, q, clear, away }) {
	if (away && !all) return null
	if (q) return html`<div class="empty"><p>Nothing matches “<bdi>${q}</bdi>”.</p><button type="button" class="small" onClick=${clear}>Clear the search</button></div>`
	if (!all) return html`<div class="empty"><img src=${logo} width="56" height="56" alt="" /><h2>Nothing to do yet</h2><p>Write down what you do not want to forget.</p></div>`
	return show === 'done'
		? html`<div class="empty"><p>Nothing is done yet.</p></div>`
		: html`<div class="empty"><h2>All done</h2><p>There is nothing left to do.</p></div>`
}

// Ignore key presses with which an input method chooses a word. Safari ends the composition
// before it reports that key, so only keyCode 229 shows it.
const composes = (/** @type {KeyboardEvent} */ event) => event.isComposing || event.keyCode === 229
const enters = (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && !event.shiftKey && !composes(event)

function AddForm() {
	const { draft, draftError } = useStore(tasks)
	const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null))
	const submit = (/** @type {Event} */ event) => {
		event.preventDefault()
		// Read the current text: a second click may come before the next render.
		const title = tasks.get().draft.trim()
		field.current?.focus()
		if (!title) return
		const { title: wrong } = textErrors(title, '')
		if (wrong) return refuseDraft(wrong)
		setDraft('')
		add(title)
	}
	return html`<form class="add" onSubmit=${submit} novalidate>
		<div class="box">
			<textarea ref=${field} rows="1" aria-label="New task" placeholder="Add a task" value=${draft} dir="auto" enterkeyhint="done"
				aria-invalid=${draftError ? 'true' : undefined} aria-describedby=${draftError ? 'draft-error' : undefined}
				onInput=${(/** @type {{ target: HTMLTextAreaElement }} */ event) => setDraft(event.target.value)}
				onKeyDown=${(/** @type {KeyboardEvent} */ event) => enters(event) && submit(event)}></textarea>
			<button type="submit" class="primary"><${Icon} name="plus" /><span>Add</span></button>
		</div>
		<div role="alert">${draftError && html`<p class="error" id="draft-error">${draftError}</p>`}</div>
	</form>`
}

/** Moves the focus to another row when the focused row disappears. @param {HTMLElement} from */
function focusNext(from) {
	const item = from.closest('li')
	const next = item?.nextElementSibling ?? item?.previousElementSibling
	const target = next?.querySelector('input') ?? document.querySelector('.add textarea')
	if (target instanceof HTMLElement) target.focus()
}

/** @param {{ task: Shown, show: string }} props */
function Row({ task, show }) {
	const id = 'task-' + task.key
	return html`<div class=${'task' + (task.completed ? ' done' : '') + (task.unsaved ? ' ' + task.unsaved : '')}>
		<input type="checkbox" checked=${task.completed} aria-labelledby=${id} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => {
			if (show !== 'all') focusNext(event.currentTarget) // the row leaves this list
			toggle(task)
		}} />
		<div class="words" onClick=${() => !String(getSelection()) && edit(task)}>
			<p class="title" id=${id} dir="auto">${task.title}</p>
			${task.description && html`<p class="description" dir="auto">${task.description}</p>`}
			${task.unsaved === 'failed' && html`<p class="unsaved">Not saved <button type="button" class="link" onClick=${(/** @type {Event} */ event) => {
				event.stopPropagation()
				discard(task)
			}}>Discard</button></p>`}
		</div>
		<button type="button" class="quiet square" id=${id + '-edit'} aria-label="Edit" aria-labelledby=${`${id}-edit ${id}`} data-act="edit" onClick=${() => edit(task)}><${Icon} name="pencil" /></button>
		<button type="button" class="quiet square" id=${id + '-delete'} aria-label="Delete" aria-labelledby=${`${id}-delete ${id}`} data-act="delete" onClick=${(/** @type {{ currentTarget: HTMLElement }} */ event) => {
			focusNext(event.currentTarget)
			remove(task)
		}}><${Icon} name="trash" /></button>
	</div>`
}

/** @param {{ task: Shown }} props */
function Editor({ task }) {
	const { edit: now } = useStore(tasks)
	const title = useRef(/** @type {HTMLTextAreaElement|null} */ (null))
	const refused = useRef(false) // only just now: correcting one field must not move the focus to the other
	useLayoutEffect(() => {
		const field = title.current
		field?.focus()
		field?.setSelectionRange(field.value.length, field.value.length)
	}, [])
	useLayoutEffect(() => {
		if (!refused.current) return
		refused.current = false
		const first = title.current?.form?.querySelector('[aria-invalid="true"]')
		if (first instanceof HTMLElement) first.focus()
	}, [now?.errors])
	if (!now) return null
	const back = () => {
		// The row that replaces the editor also takes the focus.
		requestAnimationFrame(() => requestAnimationFrame(() => {
			const button = document.querySelector(`[data-key="${CSS.escape(task.key)}"] [data-act="edit"]`)
			if (button instanceof HTMLElement && document.activeElement === document.body) button.focus()
		}))
	}
	const submit = (/** @type {Event} */ event) => {
		event.preventDefault()
		refused.current = !save()
		if (!refused.current) back()
	}
	const stop = () => {
		cancel()
		back()
	}
	/** @param {'title'|'description'} name */
	const field = name => ({
		value: now[name],
		dir: 'auto',
		'aria-invalid': now.errors[name] ? 'true' : undefined,
		'aria-describedby': now.errors[name] ? `edit-${name}-error` : undefined,
		onInput: (/** @type {{ target: HTMLTextAreaElement }} */ event) => typed({ [name]: event.target.value, errors: { ...now.errors, [name]: '' } }),
	})
	const wrong = (/** @type {string} */ name) => now.errors[name] && html`<p class="error" id=${`edit-${name}-error`}>${now.errors[name]}</p>`
	return html`<form class="editor" onSubmit=${submit} novalidate onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && !composes(event) && stop()}>
		<label for="edit-title">Title</label>
		<textarea ref=${title} id="edit-title" rows="1" ...${field('title')} onKeyDown=${(/** @type {KeyboardEvent} */ event) => enters(event) && submit(event)}></textarea>
		${wrong('title')}
		<label for="edit-description">Description</label>
		<textarea id="edit-description" rows="3" ...${field('description')}></textarea>
		${wrong('description')}
		${now.theirs && html`<div class="conflict" role="alert">
			<p>${now.blind ? html`<b>The server has not accepted your change.</b> It says that the task was changed in the meantime. The text of the task is still:` : html`<b>This task was changed elsewhere.</b> Its text is now:`}</p>
			<blockquote dir="auto"><p class="title">${now.theirs.title}</p>${now.theirs.description && html`<p class="description">${now.theirs.description}</p>`}</blockquote>
			<p>Your text above is not saved yet.</p>
		</div>`}
		<div class="actions">
			<button type="submit" class="primary">${now.theirs ? 'Save mine' : 'Save'}</button>
			${now.theirs
				? html`<button type="button" onClick=${() => {
						takeTheirs()
						back()
					}}>${now.blind ? 'Discard mine' : 'Keep theirs'}</button>`
				: html`<button type="button" onClick=${stop}>Cancel</button>`}
		</div>
	</form>`
}
