package e2e

import (
	"context"
	"net/url"
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
	return a.open(t, a.profile(t), path)
}

// profile is a tab of a new browser profile.
func (a *app) profile(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(a.browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return ctx
}

// beside opens the app in another tab of the same device.
func (a *app) beside(t *testing.T, w *window, path string) *window {
	t.Helper()
	if f, ok := w.engine.(*firefoxTab); ok {
		w := a.firefoxWindow(t, f)
		w.open(a.bff + path)
		return w
	}
	ctx, cancel := chromedp.NewContext(w.ctx)
	t.Cleanup(cancel)
	return a.open(t, ctx, path)
}

func (a *app) open(t *testing.T, ctx context.Context, path string) *window {
	t.Helper()
	w := a.blank(t, ctx)
	w.do(chromedp.Navigate(a.bff + path))
	return w
}

// blank is a window without a page. It has its size and hears less before the first page
// comes, which would otherwise be laid out twice and reported in full.
func (a *app) blank(t *testing.T, ctx context.Context) *window {
	t.Helper()
	w := &window{tab: blankTab(t, ctx), engine: chromiumTab{ctx}, origin: a.bff}
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noHurry})
	w.must(err)
	w.hearsLess()
	w.do(chromedp.EmulateViewport(1000, 800))
	return w
}

// hearsLess ends the reports about elements, styles and requests, which chromedp orders for
// each tab and a window does not use. They take half of the test's own time. The console has
// the requests that fail without them. What chromedp finds by a selector hangs afterwards.
func (p *tab) hearsLess() {
	p.Helper()
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{dom.Disable, css.Disable, network.Disable} {
		if _, err := chromedp.Call(p.ctx, domain, cdp.Empty{}); err != nil {
			p.Fatal(err)
		}
	}
}

// signedUp opens the app as a new user. The sign-up is a request, because most tests are not
// about its form, and the page of the form costs as much as that of the tasks.
func (a *app) signedUp(t *testing.T, email string) *window {
	t.Helper()
	w := a.blank(t, a.profile(t))
	// The request needs a page of this origin. This one is short, and allows no requests itself.
	for _, bypass := range []bool{true, false} {
		_, err := chromedp.Call(w.ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: bypass})
		w.must(err)
		if bypass {
			w.do(chromedp.Navigate(a.bff + "/api/auth/ok"))
			if got := w.fetch("POST", "/api/auth/sign-up/email", `{"name":"Ada Lovelace","email":`+quoted(email)+`,"password":"paper-lantern-42"}`); !strings.HasPrefix(got, "200 ") {
				t.Fatalf("sign up: got %s", got)
			}
		}
	}
	w.do(chromedp.Navigate(a.bff + "/tasks"))
	w.shows("Nothing to do yet")
	_, err := chromedp.Call(w.ctx, page.ResetNavigationHistory, cdp.Empty{})
	w.must(err)
	return w
}

// signedUpInFirefox is the same in Firefox, which would not send the request from the page that
// allows none. The test sends it, and gives the browser the cookie.
func (a *app) signedUpInFirefox(t *testing.T, email string) *window {
	t.Helper()
	w := a.blankFirefox(t)
	f := w.engine.(*firefoxTab)
	b := newBrowser(t, a.bff)
	b.want(b.send("POST", a.bff+"/api/auth/sign-up/email", `{"name":"Ada Lovelace","email":`+quoted(email)+`,"password":"paper-lantern-42"}`,
		"User-Agent", w.js(`navigator.userAgent`).(string)), 200, email)
	at, err := url.Parse(a.bff)
	w.must(err)
	w.must(f.call("storage.setCookie", params{"partition": params{"type": "storageKey", "userContext": f.profile}, "cookie": params{
		"name": "better-auth.session_token", "value": params{"type": "string", "value": b.cookie()}, "domain": at.Hostname(), "httpOnly": true, "sameSite": "lax",
	}}, nil))
	w.open(a.bff + "/tasks")
	w.shows("Nothing to do yet")
	return w
}

// signedUpInBoth are windows of both engines, each with a user of its own.
func (a *app) signedUpInBoth(t *testing.T, name string) map[string]*window {
	t.Helper()
	return map[string]*window{"chromium": a.signedUp(t, name+"-chromium@example.com"), "firefox": a.signedUpInFirefox(t, name+"-firefox@example.com")}
}

// signUp uses the form.
func (w *window) signUp(email string) {
	w.Helper()
	w.fill("Name", "Ada Lovelace")
	w.fill("Email", email)
	w.fill("Password", "paper-lantern-42")
	w.press("Create account")
	w.until(`location.pathname === '/tasks' && text().includes('Nothing to do yet')`)
}
