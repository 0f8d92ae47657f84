package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// mouse sends one event of the left button, or a movement with it held down.
func (w *window) mouse(kind input.DispatchMouseEventType, x, y float64) {
	w.Helper()
	_, err := chromedp.Call(w.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
	w.must(err)
}

// drag takes a row by its handle and drops it just above or below the middle of another one.
func (w *window) drag(title, to string, below float64) {
	w.Helper()
	x, y := w.place("Move", title)
	at := w.js(`(r => r.top + r.height / 2)(row(` + quoted(to) + `).getBoundingClientRect())`).(float64)
	w.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
	for _, part := range []float64{.3, .6, 1} {
		w.mouse(input.DispatchMouseEventTypeMouseMoved, x, y+(at+below-y)*part)
	}
	w.until(`document.querySelector('.lifted')`)
	w.mouse(input.DispatchMouseEventTypeMouseReleased, x, at+below)
	w.until(`!document.querySelector('.lifted, .drop')`)
}

// TestTasksAreMovedByKeyboard: in both engines the arrow keys at the handle move a task, and the
// focus stays on it. A move by another device is not lost.
func TestTasksAreMovedByKeyboard(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range a.signedUpInBoth(t, "keys") {
		for _, title := range []string{"d", "c", "b", "a"} {
			w.add(title)
		}
		w.lists("a", "b", "c", "d")
		w.saved()
		arrow := func(chromium, firefox string) {
			t.Helper()
			if name == "firefox" {
				w.write(firefox)
			} else {
				w.do(chromedp.KeyEvent(chromium))
			}
		}
		w.js(`named('button', 'Move', 'a').focus()`)
		arrow(kb.ArrowDown, "\uE015")
		w.lists("b", "a", "c", "d")
		w.until(`document.activeElement.dataset.act === 'move' && document.activeElement.closest('li').textContent.includes('a')`)
		w.until(`[...document.querySelectorAll('[aria-live]')].some(e => e.textContent === 'Moved a to place 2 of 4.')`)
		arrow(kb.ArrowDown, "\uE015")
		w.lists("b", "c", "a", "d")
		w.saved()
		// Another device moves a task too, to between d and a of our order, and neither change is lost.
		id := regexp.MustCompile(`"id":(\d+),[^}]*"title":"a"[^}]*"position":"([^"]+)"`).FindStringSubmatch(w.fetch("GET", "/api/proxy/me/tasks", ""))
		d := regexp.MustCompile(`"id":(\d+),[^}]*"title":"d"`).FindStringSubmatch(w.fetch("GET", "/api/proxy/me/tasks", ""))
		w.fetch("PATCH", "/api/proxy/me/tasks/"+d[1], `{"position":"`+id[2][:len(id[2])-1]+`08"}`)
		w.until(`titles().indexOf('d') < 3`)
		arrow(kb.ArrowDown, "\uE015")
		w.until(`titles().indexOf('a') === 3`)
		w.saved()
		before := w.js(`titles().join()`)
		w.reload()
		w.until(`titles().join() === ` + quoted(before.(string)))
		w.quiet()
	}
}

// TestTasksAreMovedByPointer: a row follows the mouse, Escape puts it back, each move is one
// request, and a move among the tasks that are seen leaves the others where they are.
func TestTasksAreMovedByPointer(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "drag@example.com")
	w.moves()
	for _, title := range []string{"task 4", "hidden 3", "task 2", "task 1"} {
		w.add(title)
	}
	w.saved()
	w.do(evaluate(`{ const real = window.fetch; window.changes = []; window.fetch = (url, init) => {
		if (init?.method === 'PUT') changes.push(init.body)
		return real(url, init)
	} }`))
	w.drag("task 1", "task 2", 3)
	w.lists("task 2", "task 1", "hidden 3", "task 4")
	w.saved()
	if got := w.js(`changes`).([]any); len(got) != 1 || !strings.HasPrefix(got[0].(string), `{"position":"`) {
		t.Errorf("a move sends %v, want one position", got)
	}
	x, y := w.place("Move", "task 2")
	w.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
	w.mouse(input.DispatchMouseEventTypeMouseMoved, x, y+100)
	w.until(`document.querySelector('.lifted') && document.querySelector('.drop')`)
	w.do(chromedp.KeyEvent("\x1b"))
	w.until(`!document.querySelector('.lifted, .drop')`)
	w.mouse(input.DispatchMouseEventTypeMouseReleased, x, y+100)
	w.lists("task 2", "task 1", "hidden 3", "task 4")
	w.press("hidden 3")
	w.lists("task 2", "task 1", "task 4") // the done one has left after a moment
	w.drag("task 4", "task 1", -3)
	w.lists("task 2", "task 4", "task 1")
	w.saved()
	w.reload()
	w.lists("task 2", "task 4", "task 1")
	w.press("All 4")
	w.lists("task 2", "task 4", "task 1", "hidden 3")
	// In another order, and in a search, there are no handles.
	w.fill("Search tasks", "task")
	w.lists("task 2", "task 4", "task 1")
	w.until(`!document.querySelector('[data-act=move]')`)
	w.open(a.bff + "/tasks?sort=title")
	w.lists("task 1", "task 2", "task 4")
	w.until(`!document.querySelector('[data-act=move]')`)
	w.quiet()
}

// TestDraggingAtTheEdgeScrolls: a finger moves a task through a list that is longer than the window.
func TestDraggingAtTheEdgeScrolls(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "edge@example.com")
	w.moves()
	w.js(`void Promise.all(Array.from({ length: 40 }, (_, i) => fetch('/api/proxy/me/tasks', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ title: 'task ' + (i + 10), position: (i + 17).toString(16) + '8' }) })))`)
	w.until(`named('a', 'Open 40')`)
	w.do(chromedp.EmulateViewport(390, 640, chromedp.EmulateMobile))
	x, y := w.place("Move", "task 10")
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		t.Helper()
		if points == nil {
			points = []*input.TouchPoint{}
		}
		_, err := chromedp.Call(w.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
		w.must(err)
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x, Y: y})
	touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x, Y: y + 20})
	touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x, Y: 636})
	w.until(`[...document.querySelectorAll('.tasks > li')].some(e => e.ariaPosInSet === '40') && row('task 49').getBoundingClientRect().bottom < 600`)
	touch(input.DispatchTouchEventTypeTouchEnd)
	w.until(`titles().at(-1) === 'task 10'`)
	w.saved()
	if got := w.fetch("GET", "/api/proxy/me/tasks?sort=-position&limit=1", ""); !strings.Contains(got, `"title":"task 10"`) {
		t.Errorf("the last task is %s", got)
	}
	w.quiet()
}
