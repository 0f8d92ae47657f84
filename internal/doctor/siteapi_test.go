package doctor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/settings"
)

// TestAnAPIThatRefusesTokensIsFound, with a session: without one, nobody can see it.
func TestAnAPIThatRefusesTokensIsFound(t *testing.T) {
	t.Parallel()
	var status atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if status.Load() == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer api.Close()
	address := freeAddr(t)
	r := serve(t, "http://"+address, settings.Environment{"BFF_ADDR": address, "BACKEND_URL": api.URL, "TRUSTED_PROXIES": ""})
	check := func() []Result {
		t.Helper()
		s := r.site(t, nil)
		s.dial, s.lookup = nil, nil
		return bad(fromOutside(t, s))
	}
	status.Store(http.StatusNotFound) // an API of somebody's own, without tasks
	if got := check(); len(got) != 0 {
		t.Errorf("got %s, want nothing", describe(got))
	}
	status.Store(http.StatusUnauthorized)
	wantOne(t, check(), "api", Failure, "JWT_ISSUER", "JWT_AUDIENCE", "JWKS_URL")
	api.Close()
	wantOne(t, check(), "api", Failure, "BACKEND_URL", "does not answer")
}

// TestASiteThatCannotBeReached is one failure, and nothing else is asked.
func TestASiteThatCannotBeReached(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	for address, text := range map[string]string{
		"http://" + freeAddr(t): "connection refused",
		stranger.URL:            "status 404",
		"https://" + stranger.Listener.Addr().String(): "does not speak TLS",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		got := fromOutside(t, &Site{URL: u, Cookie: "a=b"})
		if len(got) != 1 || got[0].State != Failure {
			t.Fatalf("%s: got %s, want one failure", address, describe(got))
		}
		wantOne(t, got, got[0].Check, Failure, got[0].Setting, text, "nothing else was checked")
	}
}

// TestAStreamWithoutEventsIsFound: a proxy may send the header at once, and keep the events.
func TestAStreamWithoutEventsIsFound(t *testing.T) {
	t.Parallel()
	stuck := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer stuck.Close()
	s := (&running{base: stuck.URL}).site(t, nil)
	s.dial, s.quiet = nil, 200*time.Millisecond
	s.prepare()
	wantOne(t, withName("streams", s.streams(t.Context())), "streams", Warning, proxyInFront, "none arrived within 200ms")
}

// TestAFirewallIsNoFinding: it may refuse strangers, whatever they ask for.
func TestAFirewallIsNoFinding(t *testing.T) {
	t.Parallel()
	wall := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer wall.Close()
	s := (&running{base: wall.URL}).site(t, nil)
	s.dial = nil
	s.prepare()
	s.found.Store(&metadata{Issuer: wall.URL})
	for name, check := range map[string]func(context.Context) []Result{
		"methods": s.methods, "cookies": s.cookies, "redirects": s.redirects, "origin": s.origins, "headers": s.headers, "caches": s.caches,
		"etags": s.etags, "paths": s.paths, "websockets": s.webSockets, "bodies": s.bodies, "internals": s.internals, "errors": s.errorAnswers, "session": s.session,
	} {
		if got := bad(check(t.Context())); len(got) > 0 {
			t.Errorf("%s: got %s, want nothing", name, describe(got))
		}
	}
}

// TestHTTPOnTheNetworkIsAWarning, even if BASE_URL says the same.
func TestHTTPOnTheNetworkIsAWarning(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]State{"http://app.example.com": Warning, "http://localhost:3000": OK, "https://app.example.com": OK} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Site{URL: u}).compareBase(base)[0]; got.State != want {
			t.Errorf("%s: got %+v, want %s", base, got, want)
		}
	}
}

// TestNothingThatASiteSaysReachesTheTerminal as it is: it may move the cursor, or be very long.
func TestNothingThatASiteSaysReachesTheTerminal(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"https://a.example": "https://a.example", "a\x1b[2Jb\u202e": "a?[2Jb?", "u:hunter2@b": "…@b", strings.Repeat("x", 500): strings.Repeat("x", 120) + "…",
	} {
		if got := heard(said); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"http://a.example/\u202e"}`))
	}))
	defer stranger.Close()
	u, err := url.Parse(stranger.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range fromOutside(t, &Site{URL: u}) {
		if strings.Contains(r.Text(), "\u202e") {
			t.Errorf("got %q", r.Text())
		}
	}
}

// TestASiteNamesNoOtherHost: who checks a site may reach addresses that the site cannot.
func TestASiteNamesNoOtherHost(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"@169.254.169.254/latest/", ".internal.example/", ":25/", "mailto:a@b.example"} {
		s := (&running{base: "https://app.example.com"}).site(t, nil)
		s.dial = func(_ context.Context, _, address string) (net.Conn, error) {
			t.Errorf("%s: got a connection to %s", keys, address)
			return nil, net.ErrClosed
		}
		s.prepare()
		s.found.Store(&metadata{Issuer: "https://app.example.com", Keys: keys})
		wantOne(t, withName("keys", s.keys(t.Context())), "keys", Failure, proxyInFront, "jwks_uri")
	}
}
