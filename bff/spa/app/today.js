// The present day. It changes while the page is open.
import { dayOf, untilMidnight } from './due.js'
import { createStore } from './store.js'

export const today = createStore(dayOf())

/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer

function look() {
	const day = dayOf()
	if (day !== today.get()) today.set(day)
	clearTimeout(timer)
	// Not later than in an hour: timers stand still while a device sleeps, and its clock or zone may be changed.
	timer = setTimeout(look, Math.min(untilMidnight(new Date()) + 50, 3_600_000))
}

look()
for (const event of ['visibilitychange', 'focus', 'pageshow']) addEventListener(event, () => document.visibilityState === 'visible' && look())
