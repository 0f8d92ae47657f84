// A text in which addresses are links.
import { useMemo } from '../vendor/hooks.js'
import { html } from './html.js'
import { linksIn } from './links.js'

/** @param {Event} event */
const stop = event => event.stopPropagation() // a click beside a link opens the editor

/** @param {{ text: string }} props */
export function Linked({ text }) {
	const parts = useMemo(() => linksIn(text), [text])
	return html`${parts.map(part => typeof part === 'string'
	? part
	: html`<a href=${part.href} target="_blank" rel="noopener noreferrer" dir="ltr" onClick=${stop}>${part.text}</a>`)}`
}
