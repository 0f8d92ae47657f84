// The pauses between automatic repetitions. They grow, and they are random, so that not all
// tabs send at the same moment.

const remembered = 30_000 // ms
const longest = 30_000 // ms

/** @param {number} ms */
export const spread = ms => ms * (0.5 + Math.random() / 2)

/**
 * paced limits how often run is called: the first three calls run immediately, later ones
 * after growing pauses. Calls during a pause run once, at its end.
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
