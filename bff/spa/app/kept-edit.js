// A notice on the other pages: the editor on the tasks page has a text about which the person must decide. It may
// have got there while another page was open, such as a change that a closed tab has left.
import { html } from './html.js'
import { home, navigate } from './route.js'
import { useStore } from './store.js'
import { tasks } from './tasks.js'
import { Icon } from './ui.js'

/** @param {{ path: string }} props */
export function KeptEdit({ path }) {
	const { edit } = useStore(tasks)
	if (path === home || !edit || !(edit.theirs || Object.values(edit.errors).some(Boolean))) return null
	return html`<div class="page kept"><div class="banner" role="alert">
		<${Icon} name="pencil" />
		<span>Your text of “<bdi>${edit.title || edit.from.title}</bdi>” is not saved: ${edit.theirs && !edit.blind ? 'the task was changed elsewhere' : 'the server has not accepted it'}.</span>
		<button type="button" class="small" onClick=${() => navigate(home)}>${edit.theirs ? 'Show both' : 'Show it'}</button>
	</div></div>`
}
