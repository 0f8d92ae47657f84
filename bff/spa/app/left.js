// How long something still lasts, in words.

/** @param {number} ms */
export function leftWords(ms) {
	if (ms < 60_000) return 'in less than a minute'
	const minutes = Math.round(ms / 60_000)
	return minutes === 1 ? 'in about a minute' : `in about ${minutes} minutes`
}
