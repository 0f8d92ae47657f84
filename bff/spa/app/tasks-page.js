// The tasks page: add, search, order, and the list.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js'
import { AddForm } from './add-form.js'
import { Editor } from './editor.js'
import { finder } from './fold.js'
import { html } from './html.js'
import { WindowList } from './list.js'
import { logo } from './page.js'
import { usePrint } from './print.js'
import { navigate, route } from './route.js'
import { Row } from './row.js'
import { useStore } from './store.js'
import { retryAll, shown, tasks } from './tasks.js'
import { Away, Heading, Icon, Skeleton } from './ui.js'
import { address, filters, orders, read } from './view.js'
import { findWords, say } from './words.js'

const outOfDate = {
	away: 'No connection to the server. What you see may be out of date.',
	full: 'You have too many windows open. Changes from elsewhere are shown late here.',
}

/** @typedef {import('./tasks.js').Shown} Shown */

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
		const finds = finder(q)
		return all
			.filter(task => {
				if (task.key === editing) return true // a row must not disappear while it is edited
				if (view.show !== 'all' && task.completed !== (view.show === 'done')) return false
				return finds(task)
			})
			.sort(orders[view.sort]?.[1])
	}, [all, q, view.show, view.sort, editing])

	const about = `${items.length} of ${all.length} tasks`
	usePrint(items, about)
	useLayoutEffect(() => {
		if (!now.wanted) return // else the list has just given it the focus, if it is there
		const task = all.find(task => task.key === now.wanted)
		if (task && !items.includes(task)) say.backElsewhere(task)
		tasks.merge({ wanted: '' })
	}, [now.wanted])

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
		<p class="unseen" role="status">${now.state === 'loading' ? 'Loading tasks' : `${about} shown`}</p>
		${now.state === 'loading'
			? html`<${Skeleton} label="Loading tasks" />`
			: items.length
				? html`<${WindowList} view=${[view.show, view.sort, q].join()} items=${items} label="Tasks" pinned=${editing} wanted=${now.wanted} long=${!q && findWords(items.length)}
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
