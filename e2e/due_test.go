package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// dayIn is the day that many days from now, where the browser is.
func (w *window) dayIn(days string) string {
	w.Helper()
	return w.js(`(d => [d.getFullYear(), d.getMonth() + 1, d.getDate()].map(n => String(n).padStart(2, '0')).join('-'))((d => (d.setDate(d.getDate() + ` + days + `), d))(new Date()))`).(string)
}

// pick sets the date field of the editor, as its calendar does.
func (w *window) pick(day string) {
	w.Helper()
	w.until(`named('input', 'Due')`)
	w.js(`(e => { e.value = ` + quoted(day) + `; e.dispatchEvent(new Event('input', { bubbles: true })) })(named('input', 'Due'))`)
}

func (w *window) dueOf(title string) string {
	w.Helper()
	found := regexp.MustCompile(`"title":"` + title + `"[^}]*`).FindString(w.fetch("GET", "/api/proxy/me/tasks", ""))
	day := regexp.MustCompile(`"due_on":"([^"]+)"`).FindStringSubmatch(found)
	if day == nil {
		return ""
	}
	return day[1]
}

// TestTasksAreDueOnADay: in both engines a task gets a day, the row says it in words, and the
// views Today and Overdue have the tasks of these days.
func TestTasksAreDueOnADay(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range a.signedUpInBoth(t, "due") {
		for _, title := range []string{"whenever", "next year", "yesterday", "today"} {
			w.add(title)
		}
		w.saved()
		w.press("Edit", "today")
		w.press("Today")
		w.press("Save")
		w.press("Edit", "yesterday")
		w.pick(w.dayIn("-1"))
		w.press("Save")
		w.press("Edit", "next year")
		w.pick("2999-02-14")
		w.press("Save")
		w.saved()
		for title, want := range map[string]string{"today": w.dayIn("0"), "yesterday": w.dayIn("-1"), "next year": "2999-02-14", "whenever": ""} {
			if got := w.dueOf(title); got != want {
				t.Errorf("%s: %s is due on %q, want %q", name, title, got, want)
			}
		}
		words := `Object.fromEntries([...document.querySelectorAll('.tasks > li')].map(e => [e.querySelector('.title').textContent, e.querySelector('.due')?.textContent ?? '']))`
		w.until(`(found => found.yesterday === 'Overdue: Yesterday' && found.today === 'Due: Today' && found.whenever === '' && /14/.test(found['next year']) && /2999/.test(found['next year']))(` + words + `)`)
		w.press("Today 2")
		w.lists("today", "yesterday")
		w.add("also today")
		w.saved()
		w.lists("also today", "today", "yesterday")
		w.press("Overdue 1")
		w.lists("yesterday")
		w.js(`(e => { e.value = 'due'; e.dispatchEvent(new Event('change', { bubbles: true })) })(document.querySelector('select'))`)
		w.press("Open 5")
		w.lists("yesterday", "also today", "today", "next year", "whenever")
		w.press("Edit", "yesterday")
		w.press("None")
		w.press("Save")
		w.saved()
		w.until(`named('a', 'Overdue 0')`)
		if got := w.dueOf("yesterday"); got != "" {
			t.Errorf("%s: the day is still %q", name, got)
		}
		w.quiet()
	}
}

// TestMidnightPassesWhileThePageIsOpen: what is due today is overdue a day later.
func TestMidnightPassesWhileThePageIsOpen(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "midnight@example.com")
	w.add("today")
	w.saved()
	w.press("Edit", "today")
	w.press("Today")
	w.press("Save")
	w.until(`named('a', 'Overdue 0') && document.querySelector('.due')?.textContent === 'Due: Today'`)
	w.js(`void (real => (window.Date = class extends real { constructor(...of) { of.length ? super(...of) : super(real.now() + 86_400_000) } }))(Date)`)
	w.js(`void dispatchEvent(new Event('focus'))`)
	w.until(`named('a', 'Overdue 1') && document.querySelector('.due.overdue')?.textContent === 'Overdue: Yesterday' && seen(document.querySelector('.due.overdue'))`)
	w.quiet()
}

// TestTwoPeopleSetTheDay: a change of the day alone is a conflict too, and both days are shown.
func TestTwoPeopleSetTheDay(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "two-days@example.com")
	w.add("dentist")
	w.saved()
	id := regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(w.fetch("GET", "/api/proxy/me/tasks", ""))[1]
	// The stream is deaf, so that the refusal of the server is what the page learns from.
	w.do(evaluate(`{ const real = window.fetch; window.fetch = async (url, init) => {
		if (init?.method === 'PUT') { window.held = true; await new Promise(done => window.release = done) }
		return real(url, init)
	} }`))
	w.press("Edit", "dentist")
	w.pick("2030-05-06")
	w.press("Save")
	w.until(`window.held`)
	if got := w.fetch("PATCH", "/api/proxy/me/tasks/"+id, `{"due_on":"2030-07-08"}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	w.js(`window.release()`)
	w.until(`document.querySelector('.conflict time')?.dateTime === '2030-07-08' && named('input', 'Due').value === '2030-05-06'`)
	w.js(`window.held = false`)
	w.press("Save mine")
	w.until(`window.held`)
	w.js(`window.release()`)
	w.saved()
	if got := w.dueOf("dentist"); got != "2030-05-06" {
		t.Errorf("the day is %q", got)
	}
	// A half-typed date is not taken for none.
	w.press("Edit", "dentist")
	w.until(`named('input', 'Due')`)
	w.js(`named('input', 'Due').focus()`)
	w.do(chromedp.KeyEvent("\b"))
	w.press("Save")
	w.shows("Enter the day, the month and the year, or choose None.")
	w.press("None")
	w.js(`window.held = false`)
	w.press("Save")
	w.until(`window.held`)
	w.js(`window.release()`)
	w.saved()
	if got := w.dueOf("dentist"); got != "" {
		t.Errorf("the day is %q, want none", got)
	}
	w.quiet("412")
}

// TestTheDayOutlivesAReload: a day that could not be sent is sent after a reload.
func TestTheDayOutlivesAReload(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "day-kept@example.com")
	w.leavesGladly()
	w.add("dentist")
	w.saved()
	w.press("Edit", "dentist")
	w.pick("2030-05-06")
	w.do(evaluate(`{ const real = window.fetch; window.fetch = (url, init) => init?.method === 'PUT' ? Promise.reject(new TypeError('no network')) : real(url, init) }`))
	w.press("Save")
	w.shows("A change is not saved")
	w.until(`Object.keys(localStorage).some(key => localStorage[key].includes('2030-05-06'))`)
	w.reload()
	w.until(`document.querySelector('.due time')?.dateTime === '2030-05-06'`)
	w.saved()
	if got := w.dueOf("dentist"); got != "2030-05-06" {
		t.Errorf("the day is %q", got)
	}
	w.quiet()
}
