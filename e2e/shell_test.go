package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestAPageThatCannotStartSaysSo: without JavaScript, and when the script does not arrive
// because it is blocked or an instance of another version is asked for it. The text is
// within the first screen of a phone.
func TestAPageThatCannotStartSaysSo(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	axe := testAxe(t)
	w := a.device(t, "/login")
	w.shows("New here?")
	w.scheme("light")
	w.do(chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile))
	if _, err := chromedp.Call(w.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	block := func(patterns ...string) {
		t.Helper()
		blocked := network.SetBlockedURLsParams{}
		for _, p := range patterns {
			blocked.URLPatterns = append(blocked.URLPatterns, &network.BlockPattern{URLPattern: p, Block: true})
		}
		if _, err := chromedp.Call(w.ctx, network.SetBlockedURLs, blocked); err != nil {
			t.Fatal(err)
		}
	}
	says := func(name, text, selector string) {
		t.Helper()
		w.until(`document.querySelector('` + selector + `') && getComputedStyle(document.querySelector('` + selector + `')).visibility === 'visible'`)
		w.shows(text)
		if got := w.js(`(r => r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth)(document.querySelector('` + selector + `').getBoundingClientRect())`); got != true {
			t.Errorf("%s: the text is not within the first screen: %v", name, w.js(`document.querySelector('`+selector+`').getBoundingClientRect()`))
		}
		w.fits(name, 320)
		if folder := os.Getenv("SEE"); folder != "" {
			w.picture(filepath.Join(folder, name+".png"))
		}
	}
	folder := w.js(`new URL(document.querySelector('script').src).pathname.split('/').slice(0, 3).join('/')`).(string)
	if _, err := chromedp.Call(w.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		t.Fatal(err)
	}
	block(a.bff + folder + "/main.js")
	w.reload()
	says("no-app", "has not started yet", ".late")
	w.axe(axe)
	block(a.bff + folder + "/*") // the style, too
	w.reload()
	says("nothing", "has not started yet", ".late")
	block()
	w.leave(`document.querySelector('.late a').click()`) // it loads the page again
	w.arrives("/login")
	w.shows("New here?")

	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	w.reload()
	says("no-script", "Vestibule needs JavaScript", ".noscript")
	if got := w.js(`text().includes('has not started yet')`); got != false {
		t.Error("the page gives two reasons")
	}
}
