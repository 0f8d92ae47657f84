// Pasted lines that become tasks.

/** How many tasks one paste can add. */
export const mostLines = 100

// "- ", "* ", "• ", "1. ", "2) ", and the boxes "[ ]" and "[x]", also after one another.
const mark = /^(?:[-*+•‣◦–—]\s+|\d{1,4}[.)]\s+|\[[ xX]?\]\s+|[☐☑☒✓✔]\s*)/u

/** @param {string} line */
function withoutMarks(line) {
	let text = line.trim()
	for (let i = 0; i < 3; i++) text = text.replace(mark, '').trim()
	return text
}

/**
 * Returns the tasks that the lines of a text can be: without blank lines and marks of lists.
 * @param {string} text
 */
export const linesOf = text => text.split(/\r\n|[\n\r\u2028\u2029]/).map(withoutMarks).filter(line => /[^\s\p{Cf}]/u.test(line) && !/^(?:[-*+•‣◦–—]|\d{1,4}[.)]|\[[ xX]?\])$/u.test(line))
