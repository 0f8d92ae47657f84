// How often something is done again that nobody asks for by hand: with pauses that grow,
// and that differ from tab to tab so that not all come at the same moment.

const remembered = 30_000 // ms
const longest = 30_000 // ms

/** @param {number} ms */
export const spread = ms => ms * (0.5 + Math.random() / 2)

/**
 * paced does a thing when it is asked for: three times at once, and then after growing
 * pauses. What is asked for during a pause is done once, at its end.
 * @param {() => void} run
 */
export function paced(run) {
	/** @type {number[]} */
	let times = []
	/** @type {ReturnType<typeof setTimeout>|undefined} */
	let timer
	const go = () => {
		timer = undefined
		times.push(Date.now())
		run()
	}
	return () => {
		if (timer !== undefined) return
		times = times.filter(time => Date.now() - time < remembered)
		if (times.length < 3) return go()
		timer = setTimeout(go, spread(Math.min(longest, 500 * 2 ** (times.length - 3))))
	}
}
