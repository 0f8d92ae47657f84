package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestABrowserKeepsItsSession sends a real browser cookies that come late or are left over.
func TestABrowserKeepsItsSession(t *testing.T) {
	t.Parallel()
	front := newSlowFront(t)
	p := launch(t, shapes[0], "BASE_URL="+front.URL, "RATE_LIMIT=off")
	front.leadsTo(t, p.bff)
	p.bff = front.URL
	a := &app{product: p, browser: chromium(t)}
	t.Run("late answers sign nobody out", func(t *testing.T) { testLateAnswers(t, a) })
	t.Run("a left-over cookie locks nobody out", func(t *testing.T) { testLeftOverCookie(t, a) })
}

// slowFront is a proxy that delays the pollers below by 50 ms in each direction.
type slowFront struct {
	*httptest.Server
	to *url.URL
}

func newSlowFront(t *testing.T) *slowFront {
	t.Helper()
	f := &slowFront{}
	f.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(f.to)
			r.Out.Host = r.In.Host
		},
		Transport: slowly{},
	})
	t.Cleanup(f.Close)
	return f
}

func (f *slowFront) leadsTo(t *testing.T, server string) {
	t.Helper()
	var err error
	if f.to, err = url.Parse(server); err != nil {
		t.Fatal(err)
	}
}

const polled = "/api/proxy/me/tasks"

// testLateAnswers runs two pollers while the password changes again and again. An answer to
// a request from before a change comes with the old session secret.
func testLateAnswers(t *testing.T, a *app) {
	w := a.signedUp(t, "late@example.com")
	got := w.async(`
		const post = (path, body) => fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
		let polling = true, refused = 0
		const poll = async () => { while (polling) if ((await fetch('` + polled + `?limit=1')).status === 401) refused++ }
		const pollers = [poll(), poll()]
		let from = 'paper-lantern-42', to = 'another horse', lost = 0
		for (let i = 0; i < 12; i++) {
			const changed = await post('/api/auth/change-password', { currentPassword: from, newPassword: to })
			if (changed.ok) [from, to] = [to, from]
			await new Promise((done) => setTimeout(done, 150)) // what was under way has been answered
			if (await (await fetch('/api/auth/get-session')).json() === null) {
				lost++
				await post('/api/auth/sign-in/email', { email: 'late@example.com', password: from })
			}
		}
		polling = false
		await Promise.all(pollers)
		return { lost, refused }`).(map[string]any)
	t.Logf("12 changes of the password with two pollers: %v", got)
	if got["lost"] != 0.0 {
		t.Errorf("signed out %v times of 12", got["lost"])
	}
}

// testLeftOverCookie has a cookie of our name in the browser that another program has
// set with a longer path, so that it comes first.
func testLeftOverCookie(t *testing.T, a *app) {
	w := a.device(t, "/signup")
	left := network.SetCookieParams{
		Name: "better-auth.session_token", Value: "YWJj.n27lvooJn27lvooJn27lvooJn27lvooJn27lvooJvmY%3D",
		URL: a.bff, Path: "/api/",
	}
	if _, err := chromedp.Call(w.ctx, network.SetCookie, left); err != nil {
		t.Fatal(err)
	}
	w.open(a.bff + "/signup")
	w.fill("Name", "Ada")
	w.fill("Email", "leftover@example.com")
	w.fill("Password", "paper-lantern-42")
	w.press("Create account")
	w.shows("Nothing to do yet")
	w.add("Mend the lock")
	w.saved()
	w.reload()
	w.lists("Mend the lock")
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.logIn("leftover@example.com", "paper-lantern-42")
	w.lists("Mend the lock")
}

// slowly is the transport of slowFront.
type slowly struct{}

func (slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, polled) {
		return http.DefaultTransport.RoundTrip(r)
	}
	time.Sleep(50 * time.Millisecond)
	res, err := http.DefaultTransport.RoundTrip(r)
	time.Sleep(50 * time.Millisecond)
	return res, err
}

// async runs the body of an async function in the page, and returns what it returns.
func (w *window) async(body string) any {
	w.Helper()
	got, err := chromedp.Run(w.ctx, chromedp.Evaluate[json.RawMessage](`(async () => {`+body+`})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(got, &value); err != nil {
		w.Fatalf("%s: %v", got, err)
	}
	return value
}
