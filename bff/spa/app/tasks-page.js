// The tasks page: add, search, order, and the list.
import { useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js'
import { AddForm } from './add-form.js'
import { ClearDone } from './clear.js'
import { Controls, useSearch } from './controls.js'
import { dragged, startDrag } from './drag.js'
import { Editor } from './editor.js'
import { finder } from './fold.js'
import { html } from './html.js'
import { useLinger } from './linger.js'
import { WindowList } from './list.js'
import { move } from './moves.js'
import { logo } from './page.js'
import { usePrint } from './print.js'
import { route } from './route.js'
import { focusNext, Row } from './row.js'
import { useStore } from './store.js'
import { retryAll, shown, tasks } from './tasks.js'
import { today } from './today.js'
import { Away, Heading, Icon, Skeleton } from './ui.js'
import { filters, orders, read } from './view.js'
import { findWords, say } from './words.js'

const outOfDate = {
	away: 'No connection to the server. What you see may be out of date.',
	full: 'You have too many windows open. Changes from elsewhere are shown late here.',
}

/** @typedef {import('./tasks.js').Shown} Shown */

/** @param {import('./work.js').State} now */
function troubleOf(now) {
	if (now.state === 'away') return now.error
	if (now.failed) return `${now.failed === 1 ? 'A change is' : now.failed + ' changes are'} not saved: the server could not be reached.`
	return now.cut ? outOfDate[now.cut] : ''
}

/** The keyboard goes on with the next row. @param {string} key */
function leave(key) {
	const item = document.querySelector(`[data-key="${CSS.escape(key)}"]`)
	if (item?.contains(document.activeElement)) focusNext(item, { preventScroll: true })
}

/** @param {{ focus: boolean }} props */
export function TasksPage({ focus }) {
	const { query } = useStore(route)
	const now = useStore(tasks)
	const day = useStore(today)
	const drag = useStore(dragged)
	const view = read(query)
	const [typing, search] = useSearch(view.q)
	const q = typing.trim()
	const all = shown()
	const editing = now.edit?.key
	const lingering = useLinger(all, query, view.show === 'all' ? () => {} : leave)
	const stays = [...lingering.keys()].join()
	const counts = useMemo(() => Object.fromEntries(filters.map(([name, , has]) => [name, all.reduce((n, task) => n + Number(has(task, day)), 0)])), [all, day])
	const found = useMemo(() => {
		const finds = finder(q)
		return all.filter(task => task.key === editing || finds(task)).sort(orders[view.sort]?.[1])
	}, [all, q, view.sort, editing])
	const items = useMemo(() => {
		const has = filters.find(([name]) => name === view.show)?.[2]
		// A row must not disappear while it is edited, but a done one may be among those that are folded.
		return found.filter(task => has?.(task, day) || lingering.has(task.key) || (task.key === editing && !(view.show === 'open' && task.completed)))
	}, [found, view.show, editing, day, stays])
	const [unfolded, setUnfolded] = useState(false)
	const done = useMemo(() => found.filter(task => task.completed && !lingering.has(task.key)), [found, stays])
	const trouble = troubleOf(now)
	const loading = now.state === 'loading'
	const rows = useRows(view, q, now, drag)
	const open = unfolded || done.some(task => task.key === editing)
	const listed = view.show === 'open' && open && !loading ? [...items, ...done] : items
	const about = `${listed.length} of ${all.length} tasks`
	usePrint(listed, about)
	useLayoutEffect(() => {
		if (!now.wanted) return // else the list has just given it the focus, if it is there
		const task = all.find(task => task.key === now.wanted)
		if (task && !listed.includes(task)) say.backElsewhere(task)
		tasks.merge({ wanted: '' })
	}, [now.wanted])

	return html`<main class="page">
		<${Heading} title="Tasks" focus=${focus} />
		<${AddForm} due=${view.show === 'today' ? day : null} />
		<${Controls} view=${{ ...view, q }} counts=${loading ? null : counts} typing=${typing} search=${search} />
		${trouble && html`<${Away} text=${trouble} onRetry=${retryAll} />`}
		<p class="unseen" role="status">${loading ? 'Loading tasks' : `${about} shown`}</p>
		${loading ? html`<${Skeleton} label="Loading tasks" />`
		: items.length ? rows(items, 'Tasks')
		: html`<${Empty} all=${all.length} show=${view.show} q=${q} folded=${done.length} clear=${() => search('')} away=${now.state === 'away'} />`}
		${view.show === 'open' && !loading && done.length > 0 && html`<${Folded} done=${done} rows=${rows} open=${open} setOpen=${setUnfolded} />`}
		${view.show === 'done' && items.length > 0 && html`<div class="folded"><${ClearDone} tasks=${done} /></div>`}
	</main>`
}

/**
 * Returns what draws a list of tasks.
 * @param {{ show: string, sort: string }} view
 * @param {string} q
 * @param {import('./work.js').State} now
 * @param {string} drag the key of the row that is being moved
 * @returns {(items: Shown[], label: string) => unknown}
 */
function useRows(view, q, { edit, wanted }, drag) {
	const editing = edit?.key
	const refocus = useRef(/** @type {{ key: string, css: string }|null} */ (null))
	const listed = useRef(/** @type {Record<string, Shown[]>} */ ({})).current // what is seen when a row is dropped, not when it was taken
	// Browsers take the focus from an element that moves in the document.
	useLayoutEffect(() => {
		if (!refocus.current) return
		const { key, css } = refocus.current
		refocus.current = null
		const element = document.querySelector(`[data-key="${CSS.escape(key)}"] :is(${css})`)
		if (!(element instanceof HTMLElement)) return
		element.focus({ preventScroll: true })
		for (const sliding of element.closest('li')?.getAnimations() ?? []) sliding.finish() // it would scroll to where the row was
		element.scrollIntoView({ block: 'nearest' })
	})
	const movable = view.sort === 'mine' && !q
	return (items, label) => {
		listed[label] = items
		/** @param {Shown} task @returns {import('./row.js').Moving|undefined} */
		const moving = task => movable ? {
			start: event => startDrag(event, next => {
				const seen = listed[label] ?? []
				const rest = seen.filter(({ key }) => key !== task.key)
				const at = rest.findIndex(({ key }) => key === next)
				move(task, seen, at < 0 ? rest.length : at)
			}),
			step(by) {
				const act = document.activeElement?.getAttribute('data-act')
				if (move(task, items, items.findIndex(({ key }) => key === task.key) + by)) refocus.current = { key: task.key, css: act ? `[data-act=${act}]` : 'input' }
			},
		} : undefined
		return html`<${WindowList} key=${label} view=${[view.show, view.sort, q].join()} items=${items} label=${label} pinned=${drag || editing} wanted=${wanted} long=${!q && label === 'Tasks' && findWords(items.length)}
			row=${(/** @type {Shown} */ task) => (task.key === editing ? html`<${Editor} task=${task} />` : html`<${Row} task=${task} show=${task.completed && (view.show === 'done' || label === 'Done tasks') ? 'done' : 'all'} moving=${moving(task)} />`)} />`
	}
}

/** The done tasks below the open ones. @param {{ done: Shown[], rows: (items: Shown[], label: string) => unknown, open: boolean, setOpen: (open: boolean) => void }} props */
function Folded({ done, rows, open, setOpen }) {
	return html`<div class="folded">
		<button type="button" class="quiet small" aria-expanded=${open ? 'true' : 'false'} onClick=${() => setOpen(!open)}><${Icon} name="fold" />${done.length} done</button>
		<${ClearDone} tasks=${done} />
	</div>
	${open && rows(done, 'Done tasks')}`
}

/** @type {Record<string, string>} */
const nothing = { done: 'Nothing is done yet.', today: 'Nothing is due today.', overdue: 'Nothing is overdue.' }

/** @param {{ all: number, show: string, q: string, folded: number, clear: () => void, away: boolean }} props */
function Empty({ all, show, q, folded, clear, away }) {
	if (away && !all) return null
	if (q) return html`<div class="empty"><p>${folded && show === 'open' ? 'No open task matches' : 'Nothing matches'} “<bdi>${q}</bdi>”.</p><button type="button" class="small" onClick=${clear}>Clear the search</button></div>`
	if (!all) return html`<div class="empty"><img src=${logo} width="56" height="56" alt="" /><h2>Nothing to do yet</h2><p>Write down what you do not want to forget.</p></div>`
	return nothing[show]
		? html`<div class="empty"><p>${nothing[show]}</p></div>`
		: html`<div class="empty"><h2>All done</h2><p>There is nothing left to do.</p></div>`
}
