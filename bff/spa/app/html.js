// Templates: htm turns them into Preact nodes without a build step. Text is always escaped:
// nothing sets raw HTML.
import htm from '../vendor/htm.js'
import { h } from '../vendor/preact.js'

// Preact sets these attributes as properties that are true or false, and JavaScript takes the
// word "false" for true. With spellcheck="false" the browser would check the spelling of
// passwords, and some browsers send what they check to a server.
const on = { '': true }
/** @type {Record<string, Record<string, boolean>>} */
const meanings = {
	spellcheck: { false: false }, translate: { ...on, no: false }, autocorrect: { ...on, off: false }, draggable: { false: false },
	hidden: on, inert: on, autofocus: on, required: on, disabled: on, multiple: on, checked: on, open: on,
}

/**
 * @param {unknown} type
 * @param {Record<string, unknown>|null} props
 * @param {import('../vendor/preact.js').Child[]} children
 */
function element(type, props, ...children) {
	if (typeof type !== 'string') return h(type, props, ...children)
	for (const [name, word] of Object.entries(props ?? {})) {
		const meaning = typeof word === 'string' ? meanings[name]?.[word] : undefined
		if (props && meaning !== undefined) props[name] = meaning
	}
	return h(type, props, ...children)
}

export const html = htm.bind(element)
