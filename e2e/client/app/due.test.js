import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addDays, dayOf, dayWords, fullDay, isForToday, isOverdue, untilMidnight } from '../../../bff/spa/app/due.js'

const days = ['2026-02-14', '2024-02-28', '2024-12-31', '0001-01-01', '0099-12-31', '9999-12-30', '2026-03-28', '2026-10-24']

test('the next day is the next one in every zone, also when clocks change', () => {
	for (const zone of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Africa/Cairo', 'America/Sao_Paulo']) {
		process.env.TZ = zone
		for (const day of days) {
			const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
			assert.equal(addDays(day, 1), next, `${zone} ${day}`)
			assert.equal(addDays(next, -1), day, `${zone} ${next}`)
		}
	}
})

test('the day is that of the place, not of UTC', () => {
	const time = new Date('2026-02-14T23:30:00Z')
	for (const [zone, day, left] of [['UTC', '2026-02-14', 30], ['Europe/Berlin', '2026-02-15', 23 * 60 + 30], ['America/New_York', '2026-02-14', 5 * 60 + 30]]) {
		process.env.TZ = String(zone)
		assert.equal(dayOf(time), day)
		assert.equal(untilMidnight(time), Number(left) * 60_000)
	}
	process.env.TZ = 'Europe/Berlin' // the day has 25 hours
	assert.equal(untilMidnight(new Date('2026-10-24T22:00:00Z')), 25 * 3_600_000)
})

test('near days have words, others are dates of the locale', () => {
	process.env.TZ = 'UTC'
	const today = '2026-12-31'
	assert.equal(dayWords('2026-12-31', today, 'en-GB'), 'Today')
	assert.equal(dayWords('2027-01-01', today, 'en-GB'), 'Tomorrow')
	assert.equal(dayWords('2026-12-30', today, 'en-GB'), 'Yesterday')
	assert.match(dayWords('2026-12-04', today, 'en-GB'), /^Fri,? 4 Dec$/)
	assert.match(dayWords('2027-02-14', today, 'en-GB'), /14 Feb 2027/)
	assert.match(dayWords('2026-12-04', today, 'de'), /4\. Dez/)
	assert.equal(dayWords('0001-01-01', today, 'en-US'), 'Mon, Jan 1, 0001')
	assert.match(dayWords('0099-03-02', today, 'de'), /0099$/)
	assert.match(fullDay('0999-03-02', 'en-GB'), /Mar 0999$/)
})

test('overdue is before today and open; today has both', () => {
	const today = '2026-02-14'
	const task = (due_on, completed = false) => ({ due_on, completed })
	for (const [one, overdue, forToday] of [
		[task('2026-02-13'), true, true], [task('2026-02-14'), false, true], [task('2026-02-15'), false, false],
		[task('2026-02-13', true), false, false], [task('2026-02-14', true), false, false], [task(null), false, false], [task(undefined), false, false],
	]) {
		assert.equal(isOverdue(one, today), overdue, JSON.stringify(one))
		assert.equal(isForToday(one, today), forToday, JSON.stringify(one))
	}
})
