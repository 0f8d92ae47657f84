// Addresses in a text that a person can follow.

// An address ends at a space, at quotes, at angle brackets and at characters that change the direction of
// text: with these, an address could look like another one.
const candidate = /\bhttps?:\/\/[^\s<>"“”«»`\u0000-\u001f\u007f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/giu
const after = /[.,;:!?'’…)\]}*_~]$/u
/** @type {Record<string, string>} */
const pairs = { ')': '(', ']': '[', '}': '{' }

/** @param {string} text @param {string} one */
const count = (text, one) => text.split(one).length - 1

/** Punctuation at the end belongs to the sentence, but a bracket that was opened in the address belongs to it. @param {string} text */
function trim(text) {
	/** @type {Record<string, number>} */
	const unopened = {}
	for (const [closing, opening] of Object.entries(pairs)) unopened[closing] = count(text, closing) - count(text, opening)
	let end = text.length
	while (after.test(text.charAt(end - 1))) {
		const last = text.charAt(end - 1)
		const n = unopened[last]
		if (n !== undefined && n <= 0) break
		if (n !== undefined) unopened[last] = n - 1
		end--
	}
	return text.slice(0, end)
}

/** @param {string} text */
function addressOf(text) {
	try {
		const url = new URL(text)
		// https://bank.example@evil.example leads to evil.example, which few people expect.
		return /^https?:$/.test(url.protocol) && !url.username && !url.password && url.hostname ? url.href : ''
	} catch {
		return ''
	}
}

/**
 * Cuts a text into plain parts and links.
 * @param {string} text
 * @returns {(string | { href: string, text: string })[]}
 */
export function linksIn(text) {
	/** @type {(string | { href: string, text: string })[]} */
	const parts = []
	let end = 0
	for (const match of text.matchAll(candidate)) {
		const shown = trim(match[0])
		const href = addressOf(shown)
		if (!href) continue
		if (match.index > end) parts.push(text.slice(end, match.index))
		parts.push({ href, text: shown })
		end = match.index + shown.length
	}
	if (end < text.length) parts.push(text.slice(end))
	return parts
}
