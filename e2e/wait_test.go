package e2e

import (
	"encoding/json"
	"time"
)

// until waits until a condition in the page is true.
func (w *window) until(condition string) {
	w.Helper()
	begun := time.Now()
	for end, last := begun.Add(patience), begun; ; {
		if w.becomes(condition) {
			return
		}
		if time.Since(last) > time.Second {
			last = time.Now()
			w.sendAgain()
		}
		if time.Now().After(end) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.Fatalf("still false after %v: %s\nat %v:\n%v\nconsole: %q", patience, condition, w.js(`location.pathname + location.search`), w.js(`text()`), w.complains)
		}
	}
}

// becomes tells whether a condition is true within a second. The page itself asks again and
// again, because each question from here costs the test and the browser more than the
// answer.
func (w *window) becomes(condition string) bool {
	w.Helper()
	type reply struct {
		text string
		err  error
	}
	answers := make(chan reply, 1)
	script := `(() => {` + inPage + `
		const holds = () => Boolean(` + condition + `)
		const begun = performance.now()
		return holds() ? 'true' : new Promise((done, failed) => {
			const ask = () => {
				try {
					const waited = performance.now() - begun
					if (holds()) done('true')
					else if (waited > 1_000) done('false')
					else setTimeout(ask, Math.min(5 + waited / 8, 100))
				} catch (fault) {
					failed(fault)
				}
			}
			setTimeout(ask, 5)
		})
	})()`
	go func() {
		got, err := w.engine.evaluate(script)
		answers <- reply{got, err}
	}()
	select {
	case got := <-answers:
		if got.err == nil {
			return got.text == "true"
		}
	case <-time.After(5 * time.Second): // a page that was left, and is kept for the way back, does not answer
	}
	// The page may have gone meanwhile, and the next one is asked. It may go, too.
	for _, pause := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 500 * time.Millisecond} {
		time.Sleep(pause)
		if got, err := w.engine.evaluate(`(() => {` + inPage + `return String(Boolean(` + condition + `)) })()`); err == nil {
			return got == "true"
		}
	}
	return w.js(`Boolean(`+condition+`)`) == true // it is a faulty condition, and fails here
}

// sendAgain sends a form again if the page says that the server is busy. On a machine that
// is busy with other tests, the server may have too many passwords to compute.
func (w *window) sendAgain() {
	w.Helper()
	if w.js(`(form => (form?.requestSubmit(), Boolean(form)))([...document.querySelectorAll('form')].find(e => e.querySelector('.whole')?.textContent.startsWith('The server is busy.')))`) == true {
		w.busy++
	}
}

// shows waits until the page shows a text.
func (w *window) shows(text string) {
	w.Helper()
	w.until(`text().includes(` + quoted(text) + `)`)
}

// lists waits for exactly these tasks, in order.
func (w *window) lists(titles ...string) {
	w.Helper()
	if titles == nil {
		titles = []string{}
	}
	want, _ := json.Marshal(titles)
	w.until(`JSON.stringify(titles()) === ` + quoted(string(want)))
}

// saved waits until the server has all changes.
func (w *window) saved() {
	w.Helper()
	w.until(`!document.querySelector('.task.sending, .task.failed')`)
}
