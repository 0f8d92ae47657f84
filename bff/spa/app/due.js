// Days on which tasks are due. A day is a text such as "2026-02-14", without a time or a zone: it is the
// day where the person is.

/** @param {number} n */
const two = n => String(n).padStart(2, '0')

/** Returns the day where the person is. @param {Date} [time] */
export const dayOf = (time = new Date()) => `${String(time.getFullYear()).padStart(4, '0')}-${two(time.getMonth() + 1)}-${two(time.getDate())}`

/** A time in the middle of a day, so that no change of clocks moves it to another day. @param {string} day */
function noon(day) {
	const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
	const time = new Date(2000, month - 1, date, 12)
	time.setFullYear(year, month - 1, date) // the constructor takes the year 26 for 1926
	return time
}

/** @param {string} day @param {number} n */
export function addDays(day, n) {
	const time = noon(day)
	time.setDate(time.getDate() + n)
	return dayOf(time)
}

/** How long the day still lasts, in ms. @param {Date} now */
export const untilMidnight = now => new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime()

/**
 * The first years have four digits, as in the field for the day: "Jan 1, 1" could be any year.
 * @param {string} day
 * @param {Intl.DateTimeFormatOptions} parts
 * @param {string|string[]} [locale]
 */
const written = (day, parts, locale) => new Intl.DateTimeFormat(locale, parts).formatToParts(noon(day))
	.map(({ type, value }) => (type === 'year' && day < '1000' ? value.replace(/^\d+$/, year => year.padStart(4, '0')) : value)).join('')

/**
 * @param {string} day
 * @param {string} today
 * @param {string|string[]} [locale] undefined: the person's
 */
export function dayWords(day, today, locale) {
	if (day === today) return 'Today'
	if (day === addDays(today, 1)) return 'Tomorrow'
	if (day === addDays(today, -1)) return 'Yesterday'
	/** @type {Intl.DateTimeFormatOptions} */
	const parts = { weekday: 'short', day: 'numeric', month: 'short' }
	if (day.slice(0, 4) !== today.slice(0, 4)) parts.year = 'numeric'
	return written(day, parts, locale)
}

/** A day with its year: on paper, nobody knows which day was today. @param {string} day @param {string|string[]} [locale] */
export const fullDay = (day, locale) => written(day, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }, locale)

/** @typedef {{ completed: boolean, due_on?: string|null }} Due */

/** @param {Due} task @param {string} today */
export const isOverdue = (task, today) => !task.completed && Boolean(task.due_on) && String(task.due_on) < today

/** Due today, or before and still open. @param {Due} task @param {string} today */
export const isForToday = (task, today) => !task.completed && Boolean(task.due_on) && String(task.due_on) <= today
