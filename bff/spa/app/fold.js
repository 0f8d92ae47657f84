// A search of the task API and a search of the app find the same: this is fold of
// store/tasks/fold.go, and store/tasks/testdata/searches.json is for the tests of both.

// The accents of Latin, Greek and Cyrillic, the points of Hebrew and Arabic, and what chooses
// between the forms of an emoji. Not \p{M}: it has the vowel signs of Indian scripts and the
// voicing marks of Japanese, by which words differ.
const marks =
	/[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\ufe00-\ufe0f\ufe20-\ufe2f]/g

/**
 * Removes the differences that a search ignores: case, accents, and the composition of characters.
 * JavaScript has no case folding. Lower, upper and lower case together do the same: ẞ becomes ß,
 * then SS, then ss.
 * @param {string} text
 */
export function fold(text) {
	const plain = text.normalize('NFKD').replace(marks, '')
	return plain.toLowerCase().toUpperCase().toLowerCase().replace(/ς/g, 'σ').replace(/ı/g, 'i').normalize('NFKC')
}

/**
 * Returns a function that says whether a search finds a task. The text must occur in the title
 * or in the description. Spaces at its ends do not count.
 * @param {string} search
 * @returns {(task: { title: string, description?: string|null }) => boolean}
 */
export function finder(search) {
	const text = fold(search).replace(/^ +| +$/g, '')
	return task => fold(task.title).includes(text) || (task.description != null && fold(task.description).includes(text))
}
