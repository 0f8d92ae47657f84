package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// noHurry shows notices, and the offer to undo a deletion, ten times as long, because tests
// are slow on a busy machine. A test of that time itself sets inAHurry.
const noHurry = `{ const real = window.setTimeout; window.setTimeout = (what, ms, ...more) => real(what, !window.inAHurry && (ms === 6_000 || ms === 12_000) ? 10 * ms : ms, ...more) }`

// app is a running product with a browser. The connection between them can be cut.
type app struct {
	*product
	wire    *wire
	browser context.Context
}

func newApp(t *testing.T, settings ...string) *app {
	t.Helper()
	return newAppOf(t, settings...)
}

func newAppOf(t testing.TB, settings ...string) *app {
	t.Helper()
	w := newWire(t)
	p := launch(t, shapes[0], append([]string{"BASE_URL=http://" + w.addr, "RATE_LIMIT=off"}, settings...)...)
	w.mu.Lock()
	w.to = strings.TrimPrefix(p.bff, "http://")
	w.mu.Unlock()
	p.bff = "http://" + w.addr
	return &app{p, w, chromium(t)}
}

// device opens the app in a new browser profile, without cookies.
func (a *app) device(t *testing.T, path string) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(a.browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return a.open(t, ctx, path)
}

// beside opens the app in another tab of the same device.
func (a *app) beside(t *testing.T, w *window, path string) *window {
	t.Helper()
	if f, ok := w.engine.(*firefoxTab); ok {
		return a.firefoxWindow(t, f, path)
	}
	ctx, cancel := chromedp.NewContext(w.ctx)
	t.Cleanup(cancel)
	return a.open(t, ctx, path)
}

func (a *app) open(t *testing.T, ctx context.Context, path string) *window {
	t.Helper()
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noHurry}); err != nil {
		t.Fatal(err)
	}
	w := &window{tab: openTab(t, ctx, a.bff+path), engine: chromiumTab{ctx}, origin: a.bff}
	w.hearsLess()
	w.do(chromedp.EmulateViewport(1000, 800))
	return w
}

// hearsLess ends the reports about elements, styles and requests, which chromedp orders for
// each tab and a window does not use. They take half of the test's own time. The console has
// the requests that fail without them.
func (w *window) hearsLess() {
	w.Helper()
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{dom.Disable, css.Disable, network.Disable} {
		_, err := chromedp.Call(w.ctx, domain, cdp.Empty{})
		w.must(err)
	}
}

// signedUp opens the app as a new user.
func (a *app) signedUp(t *testing.T, email string) *window {
	t.Helper()
	w := a.device(t, "/signup")
	w.signUp(email)
	return w
}

func (w *window) signUp(email string) {
	w.Helper()
	w.fill("Name", "Ada Lovelace")
	w.fill("Email", email)
	w.fill("Password", "paper-lantern-42")
	w.press("Create account")
	w.until(`location.pathname === '/tasks' && text().includes('Nothing to do yet')`)
}
