package e2e

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pdf prints the page as with the browser's own defaults.
func (c chromiumTab) pdf() ([]byte, error) {
	printed, err := chromedp.Call(c.ctx, page.PrintToPDF, page.PrintToPDFParams{})
	if err != nil {
		return nil, err
	}
	return printed.Data, nil
}

func (f *firefoxTab) pdf() ([]byte, error) {
	var printed struct{ Data string }
	if err := f.call("browsingContext.print", params{"context": f.id}, &printed); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(printed.Data)
}

// printed prints the page and returns the number of sheets of paper, and what the document
// has to print just then.
func (w *window) printed(name string) (sheets int, found map[string]any) {
	w.Helper()
	w.js(`(window.paper = null, addEventListener('beforeprint', () => (window.paper = {
		items: [...document.querySelectorAll('.sheet li')].map(e => e.querySelector('.title').textContent),
		done: document.querySelectorAll('.sheet .done').length,
		about: document.querySelector('.sheet p')?.textContent }), { once: true }), 0)`)
	file, err := w.engine.(interface{ pdf() ([]byte, error) }).pdf()
	w.must(err)
	if dir := os.Getenv("PRINTS"); dir != "" {
		w.must(os.WriteFile(filepath.Join(dir, name+".pdf"), file, 0o644))
	}
	w.until(`window.paper && !document.querySelector('.sheet')`)
	return len(regexp.MustCompile(`/Type\s*/Page\b[^s]`).FindAll(inflated(file), -1)), w.js(`paper`).(map[string]any)
}

// paper switches the medium, and the scheme to dark, in Chromium only.
func (w *window) paper(medium string) {
	w.Helper()
	_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
	w.must(err)
}

// inflated is a PDF with its compressed parts unpacked, which may have the list of its sheets.
func inflated(file []byte) []byte {
	all := bytes.Clone(file)
	for _, part := range regexp.MustCompile(`stream\r?\n`).FindAllIndex(file, -1) {
		if r, err := zlib.NewReader(bytes.NewReader(file[part[1]:])); err == nil {
			content, _ := io.ReadAll(r) // what is not compressed has an error
			all = append(all, content...)
		}
	}
	return all
}

// TestAllTasksArePrinted: the window holds some rows only, and paper gets all. 500 tasks are
// several times those rows, and five pages of the API's list.
func TestAllTasksArePrinted(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range a.signedUpInBoth(t, "print") {
		a.addMany(t, w, "print-"+name+"@example.com", 500)
		sheets, all := w.printed(name)
		titles := all["items"].([]any)
		if len(titles) != 500 || titles[0] != "Task 499" || titles[499] != "Task 0" || all["done"] != 166.0 || all["about"] != "500 of 500 tasks" {
			t.Errorf("%s: printed are %d tasks, %v done, from %v to %v, as %q; want all 500, newest first, 166 done", name, len(titles), all["done"], titles[0], titles[len(titles)-1], all["about"])
		}
		// A sheet of paper has room for some 30 tasks.
		if sheets < 10 || sheets > 30 {
			t.Errorf("%s: got %d sheets of paper for 500 tasks", name, sheets)
		}
		w.press("Open 334")
		w.fill("Search tasks", "Task 4")
		w.until(`location.search === '?q=Task+4&sort=newest' && titles()[0] === 'Task 499'`)
		fewSheets, few := w.printed(name + "-few")
		t.Logf("%s: %d and %d sheets, %v", name, sheets, fewSheets, fmt.Sprint(few["about"]))
		if shown := w.js(`Number(document.querySelector('.tasks > li').ariaSetSize)`); float64(len(few["items"].([]any))) != shown || few["done"] != 0.0 || few["items"].([]any)[0] != "Task 499" {
			t.Errorf("%s: printed are %v, want the %v tasks of the list", name, few, shown)
		}
		w.quiet()
	}
}

// TestPaperHasTasksOnly: no controls, and no row on two sheets. Done tasks are crossed out, and
// colours are not needed.
func TestPaperHasTasksOnly(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "paper@example.com")
	w.add("Buy milk")
	w.saved()
	w.fetch("POST", "/api/proxy/me/tasks", `{"title":"Call Ada","due_on":"2031-02-14"}`)
	w.lists("Call Ada", "Buy milk")
	w.press("Buy milk")
	w.saved()
	w.press("1 done") // what is folded on the screen is not printed either
	if w.js(`document.querySelector('.find')`) != nil {
		t.Error("a short list explains the search")
	}
	w.press("Edit", "Call Ada")
	w.fill("Title", "not saved yet")
	w.paper("print")
	w.until(`document.querySelectorAll('.sheet li').length === 2`)
	if got := w.js(`text().split(/\s*\n\s*/)`); fmt.Sprint(got) != "[Tasks 2 of 2 tasks Call Ada Due: Fri, Feb 14, 2031 Buy milk]" {
		t.Errorf("got %q on paper", got)
	}
	got := w.js(`[...document.querySelectorAll('.sheet li')].map(e => [getComputedStyle(e).breakInside, getComputedStyle(e.querySelector('.title')).textDecorationLine])`)
	if fmt.Sprint(got) != "[[avoid none] [avoid line-through]]" {
		t.Errorf("got page breaks and crossed titles %v", got)
	}
	if got := w.js(`[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.sheet .title')).color]`); fmt.Sprint(got) != "[rgb(255, 255, 255) rgb(0, 0, 0)]" {
		t.Errorf("got the colours %v in the dark scheme, want black on white", got)
	}
	w.paper("screen")
	w.until(`!document.querySelector('.sheet') && named('textarea', 'Title').value === 'not saved yet'`)
	w.fetch("POST", "/api/auth/sign-out", "{}")
	w.shows("Session expired. Please log in again.")
	w.paper("print")
	w.js(`void dispatchEvent(new Event('beforeprint'))`)
	if got := w.js(`text().includes('Buy milk')`); got != false {
		t.Error("what the dialog hides is printed")
	}
	w.quiet("401")
}

// TestTheFindOfTheBrowserIsExplained: it sees only the rows near the window.
func TestTheFindOfTheBrowserIsExplained(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "find@example.com")
	const hint = "sees only the rows near the window"
	a.addMany(t, w, "find@example.com", 2000)
	w.shows(hint)
	w.shows("“Search” looks through all 2 000 tasks.")
	w.js(`scrollTo(0, document.documentElement.scrollHeight / 2)`)
	w.shows(hint)
	w.fill("Search tasks", "Task 1")
	w.until(`!text().includes(` + quoted(hint) + `)`)
	// With large letters a row is longer than the window, but it is in the document.
	w.resize(360, 400)
	w.open(a.bff + "/tasks?show=today")
	w.js(`document.documentElement.style.fontSize = '32px'`)
	w.add("a" + strings.Repeat(" long", 40))
	w.saved()
	w.until(`document.querySelectorAll('.tasks > li').length === 1 && document.querySelector('.tasks').offsetHeight > innerHeight + 600`)
	w.until(`!text().includes(` + quoted(hint) + `)`)
	w.quiet()
}
