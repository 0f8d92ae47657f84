// The rules of the server for the texts of a task, checked before anything is sent.
import { maxDescription, maxTitle } from './limits.js'

/** The number of code points. An array of them would take seconds for a text of megabytes. @param {string} text */
export function length(text) {
	let n = 0
	for (const _ of text) n++
	return n
}

/** @param {number} n a whole number, with a space before each three digits */
export const spaced = n => String(n).replace(/\B(?=(?:\d{3})+$)/g, ' ')

/** Whether a text has something that can be seen. U+2800 is the sign of Braille without dots. @param {string} text */
export const shows = text => /[^\s\p{Cc}\p{DI}\u2800]/u.test(text)

/** What JSON or a database cannot carry. Text from some programs has it. @param {string} what @param {string} text */
function unfit(what, text) {
	if (text.includes('\0')) return `${what} has an invisible character (NUL) that cannot be saved. Type the text again.`
	// With the flag u, the two halves of a character count as one, so this finds only a half that is alone.
	return /[\ud800-\udfff]/u.test(text) ? `${what} has half of a character, which cannot be saved. Delete the sign “\ufffd” or the empty box in it.` : ''
}

/** @param {string} title */
function titleError(title) {
	if (!title) return 'A task needs a title.'
	const n = length(title)
	if (n > maxTitle) return `A title has at most ${maxTitle} characters; this one has ${spaced(n)}.`
	return unfit('This title', title) || (shows(title) ? '' : 'This title has nothing that can be seen. Write a letter, a digit or a sign.')
}

/** @param {string} description */
function descriptionError(description) {
	const n = length(description)
	if (n > maxDescription) return `A description has at most ${spaced(maxDescription)} characters; this one has ${spaced(n)}.`
	return unfit('This description', description)
}

/** @param {string} title @param {string} description @returns {{ title?: string, description?: string }} what is wrong, for the person */
export function textErrors(title, description) {
	const found = { title: titleError(title.trim()), description: descriptionError(description) }
	return { ...(found.title && { title: found.title }), ...(found.description && { description: found.description }) }
}
