// Pasted lines that become tasks.
import { shows } from './check.js'

/** How many tasks one paste can add. */
export const mostLines = 100

/** How many characters the field takes at once. With megabytes in it, browsers hang for minutes. */
export const mostInField = 20_000

// "- ", "* ", "• ", and the boxes "[ ]" and "[x]", also after one another.
const mark = /^(?:[-*+•‣◦–—]\s+|\[[ xX]?\]\s+|[☐☑☒✓✔]\s*)/u
const number = /^(\d{1,4})[.)](?:\s+|$)/u

/** @param {string} line */
function withoutMarks(line) {
	let text = line
	for (let i = 0; i < 3; i++) text = text.replace(mark, '').trim()
	return text
}

/**
 * Whether the lines that begin with a number are a list: 1, 2, 3. Else the number may be that of a date, such as "3. Dezember".
 * @param {string[]} lines
 */
function areNumbered(lines) {
	const numbers = lines.flatMap(line => number.exec(line)?.[1] ?? [])
	return numbers.length > 1 && numbers.every((n, i) => Number(n) === i + 1)
}

/**
 * Returns the tasks that the lines of a text can be: without blank lines and marks of lists.
 * @param {string} text
 */
export function linesOf(text) {
	const lines = text.split(/\r\n|[\n\r\u2028\u2029]/).map(line => line.trim())
	const numbered = areNumbered(lines)
	return lines.map(line => withoutMarks(numbered ? line.replace(number, '') : line))
		.filter(line => shows(line) && !/^(?:[-*+•‣◦–—]|\d{1,4}[.)]|\[[ xX]?\])$/u.test(line))
}
