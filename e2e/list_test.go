package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestibule/internal/storetest"
)

func TestFilterSearchAndOrderAreInTheAddress(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "address@example.com")
	// Rows keep their order while slow answers come, or a click would miss its row.
	w.js(`void (real => (window.fetch = async (...request) => (await new Promise(done => setTimeout(done, 300)), real(...request))))(window.fetch)`)
	w.js(`void new MutationObserver(() => (window.orders ??= new Set()).add(titles().join())).observe(document.body, { childList: true, subtree: true, attributes: true })`)
	for _, title := range []string{"Äpfel", "birnen", "Citronen 10", "Citronen 9"} {
		w.add(title)
	}
	w.lists("Citronen 9", "Citronen 10", "birnen", "Äpfel")
	w.saved()
	if orders := w.js(`[...orders].filter(order => !'Citronen 9,Citronen 10,birnen,Äpfel'.endsWith(order))`).([]any); len(orders) > 0 {
		t.Errorf("rows changed places: %v", orders)
	}
	w.reload()
	w.lists("Citronen 9", "Citronen 10", "birnen", "Äpfel")
	w.press("birnen")
	w.saved()
	showsList := func(address string, titles ...string) {
		t.Helper()
		w.until(`location.pathname + location.search === ` + quoted(address))
		w.lists(titles...)
	}
	w.press("Done 1")
	showsList("/tasks?show=done", "birnen")
	w.press("Open 3")
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.fill("Search tasks", "apf")
	showsList("/tasks?q=apf", "Äpfel")
	w.fill("Search tasks", "")
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.js(`(e => { e.value = 'title'; e.dispatchEvent(new Event('change', { bubbles: true })) })(document.querySelector('select'))`)
	showsList("/tasks?sort=title", "Äpfel", "Citronen 9", "Citronen 10")
	w.do(chromedp.NavigateBack())
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.do(chromedp.NavigateBack())
	showsList("/tasks?q=apf", "Äpfel")
	w.until(`named('input', 'Search tasks').value === 'apf'`)
	w.do(chromedp.NavigateBack())
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.do(chromedp.NavigateBack())
	showsList("/tasks?show=done", "birnen")
	w.do(chromedp.NavigateForward())
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.press("Account")
	w.until(`document.title === 'Account · Vestibule' && document.activeElement.tagName === 'H1'`)
	w.do(chromedp.NavigateBack())
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.open(a.bff + "/tasks?show=done&q=BIRN&sort=oldest")
	showsList("/tasks?show=done&q=BIRN&sort=oldest", "birnen")
	w.press("Tasks") // to the open ones, whatever was searched for
	showsList("/tasks", "Citronen 9", "Citronen 10", "Äpfel")
	w.until(`named('input', 'Search tasks').value === ''`)
	w.do(chromedp.NavigateBack())
	showsList("/tasks?show=done&q=BIRN&sort=oldest", "birnen")
	w.fill("Search tasks", "nothing")
	w.shows("Nothing matches “nothing”.")
	w.press("Clear the search")
	w.lists("birnen")
	w.open(a.bff + "/tasks?show=__proto__&sort=constructor")
	w.lists("Citronen 9", "Citronen 10", "Äpfel")
	w.quiet()
}

// addMany gives a person that many tasks, from Task 0 on, and shows them in the window.
func (a *app) addMany(t *testing.T, w *window, email string, count int) {
	t.Helper()
	w.add("Task 0")
	w.saved()
	db := storetest.OpenRaw(t, a.database)
	defer db.Close()
	if _, err := db.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
		SELECT user_id, 'Task ' || i || CASE WHEN i % 7 = 0 THEN ' with a title that is so long that it takes two or three lines on a window like this one, as some titles do when people write down all that they know' ELSE '' END,
			i % 3 = 0, created_at, updated_at FROM tasks, n WHERE title = 'Task 0' AND user_id = (SELECT id FROM "user" WHERE email = ?)`, count-1, email); err != nil {
		t.Fatal(err)
	}
	w.open(a.bff + "/tasks?show=all&sort=newest")
	w.until(fmt.Sprintf(`named('a', 'All %d')`, count))
}

// TestTwoThousandTasksStaySmooth counts the work of scrolling in place of its time, which
// depends on the machine: how many rows are in the document, and how many rows a step adds.
// The log has the times.
func TestTwoThousandTasksStaySmooth(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "many@example.com")
	w.moves()
	a.addMany(t, w, "many@example.com", 2000)
	if got := w.js(`document.querySelectorAll('.tasks > li').length`).(float64); got > 80 {
		t.Errorf("%v rows are in the document", got)
	}
	measured := w.js(`(() => {
		window.long = []
		new PerformanceObserver(list => long.push(...list.getEntries().map(e => Math.round(e.duration)))).observe({ type: 'longtask' })
		const first = performance.getEntriesByType('navigation')[0]
		return Math.round(first.domContentLoadedEventEnd)
	})()`)
	// All the way down, as a thumb does, and every row is there when it is looked at. A step
	// is 33 rows: it adds those, and draws no other row again.
	var scrolled struct{ Blank, Rows, Added, Touched, Median, Worst float64 }
	frames, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`(async () => {
		scrollTo(0, 0)
		await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame)
		let blank = 0, rows = 0, added = 0, touched = 0, frames = [], last = performance.now(), changes = []
		const seen = new MutationObserver(records => changes.push(...records))
		const list = document.querySelector('.tasks')
		seen.observe(list, { childList: true, subtree: true, attributes: true, characterData: true })
		const step = document.documentElement.scrollHeight / 60
		for (let i = 0; i < 60; i++) {
			scrollBy(0, step)
			await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame)
			frames.push((performance.now() - last) / 2); last = performance.now()
			changes.push(...seen.takeRecords())
			const news = changes.flatMap(c => c.target === list ? [...c.addedNodes] : [])
			added = Math.max(added, news.length)
			touched = Math.max(touched, changes.filter(c => c.target !== list && !news.some(n => n.contains(c.target))).length)
			rows = Math.max(rows, list.children.length)
			changes = []
			const box = list.getBoundingClientRect()
			const middle = innerHeight / 2
			if (box.top < middle && box.bottom > middle && !document.elementFromPoint(innerWidth / 2, middle)?.closest('.tasks > li')) blank++
		}
		seen.disconnect()
		frames.sort((a, b) => a - b)
		return JSON.stringify({ blank, rows, added, touched, median: frames[30], worst: frames[59] })
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	w.until(`[...document.querySelectorAll('.tasks > li')].some(e => e.ariaPosInSet === '2000')`)
	if err := json.Unmarshal([]byte(frames), &scrolled); err != nil {
		t.Fatal(err)
	}
	// And back at the same place after a look at another page.
	middle := `document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('.tasks > li')?.ariaPosInSet`
	w.js(`scrollTo(0, document.documentElement.scrollHeight / 2)`)
	w.do(chromedp.Sleep(300 * time.Millisecond))
	there := w.js(middle)
	w.js(`named('a', 'Account').click()`)
	w.shows("This device")
	w.do(chromedp.NavigateBack())
	w.until(`(` + middle + `) === ` + quoted(fmt.Sprint(there)))
	typed := time.Now()
	w.fill("Search tasks", "1234")
	w.lists("Task 1234")
	t.Logf("loaded after %v ms; scrolling %+v ms per frame; long tasks %v ms; a search is seen after %v", measured, scrolled, w.js(`long`), time.Since(typed).Round(time.Millisecond))
	if scrolled.Blank > 0 || scrolled.Rows > 80 || scrolled.Added < 20 || scrolled.Added > 80 || scrolled.Touched > 20 {
		t.Errorf("scrolling takes too much work: %+v", scrolled)
	}
	w.fill("Search tasks", "")
	w.js(`scrollTo(0, 0)`)
	w.press("Task 1996")
	w.until(`named(pressable, 'Task 1996').checked`)
	w.saved()
	w.quiet()
}
