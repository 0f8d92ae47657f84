package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"vestibule/bff/route"
	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
	"vestibule/internal/web"
)

// waitLimit is how long a test waits for something that must happen. It is far longer
// than needed, even on a busy machine, so that only a hang fails the test.
const waitLimit = 2 * waittest.Patience

// rig is a client, the proxy with the layers that the BFF puts around it, and an API.
type rig struct {
	testing.TB
	front *httptest.Server
	api   *url.URL
	proxy *Proxy
	log   *testlog.Buffer
	level slog.LevelVar // of the log
	// endSession ends the session of all requests: it ends their leases, and Authorize
	// refuses from then on.
	endSession context.CancelFunc
	authorized atomic.Int32 // calls of Authorize
	leases     atomic.Int32 // leases that are not released yet
}

const testBearer = "header.payload.signature"

var errTestExpired = web.Refuse(http.StatusUnauthorized, "SESSION_EXPIRED", "Session expired. Please log in again.").
	With("Set-Cookie", "session=; Max-Age=0")

// newRig starts the proxy in front of api, which is an http.Handler or the address of a
// running server.
func newRig(t testing.TB, api any, adjust ...func(*Config)) *rig {
	t.Helper()
	r := &rig{TB: t, log: &testlog.Buffer{}}
	switch api := api.(type) {
	case string:
		r.api = mustParse(t, api)
	case http.Handler:
		s := httptest.NewServer(api)
		t.Cleanup(s.Close)
		r.api = mustParse(t, s.URL)
	default:
		t.Fatalf("no API: %T", api)
	}
	var session context.Context
	session, r.endSession = context.WithCancel(context.Background())
	t.Cleanup(r.endSession)
	clients, err := web.NewClientIPs(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.closeIdleConnections)
	cfg := Config{
		Route:        defaultRoute(),
		Backend:      r.api,
		Public:       mustParse(t, "https://app.example"),
		Authorize:    r.authorizeBy(session),
		AllowUpgrade: func(r *http.Request) bool { return r.Header.Get("Origin") == "https://app.example" },
		ClientIP:     clients.Of,
	}
	for _, f := range adjust {
		f(&cfg)
	}
	if r.proxy, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	r.front = httptest.NewUnstartedServer(r.layers(clients))
	r.front.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(r.log, nil), slog.LevelError)
	r.front.Listener = web.GuardFraming(r.front.Config, r.front.Listener) // as in production
	r.front.Start()
	t.Cleanup(func() {
		r.front.CloseClientConnections()
		r.front.Close()
		waittest.Until(t, "all leases are released", func() bool { return r.leases.Load() == 0 })
	})
	return r
}

// defaultRoute returns the route of a BFF that has only one.
func defaultRoute() route.Route { return route.Default(route.Defaults{Timeout: waitLimit})[0] }

// closeIdleConnections closes the unused connections to the API.
func (r *rig) closeIdleConnections() {
	if r.proxy == nil {
		return
	}
	if network, ok := r.proxy.reverse.Transport.(upstream).next.(interface{ CloseIdleConnections() }); ok {
		network.CloseIdleConnections()
	}
}

// ways are those to an API in another process.
var ways = map[string]func(*Config){
	"direct":   func(c *Config) { c.StandardTransport = false },
	"standard": func(c *Config) { c.StandardTransport = true },
}

func (r *rig) authorizeBy(session context.Context) func(*http.Request) (Grant, error) {
	return func(req *http.Request) (Grant, error) {
		r.authorized.Add(1)
		switch {
		case req.Context().Err() != nil: // as the store does for a canceled request
			return Grant{}, req.Context().Err()
		case req.Header.Get("Cookie") == "":
			return Grant{}, web.Refuse(http.StatusUnauthorized, "NO_SESSION", "No session token found")
		case session.Err() != nil:
			return Grant{}, errTestExpired
		}
		return Grant{User: req.Header.Get("Cookie"), Bearer: testBearer, Bind: func(end context.CancelCauseFunc) func() {
			r.leases.Add(1)
			stop := context.AfterFunc(session, func() { end(errors.New("the session has ended")) })
			return func() { stop(); r.leases.Add(-1) }
		}, Confirm: func(context.Context) error { return nil }}, nil
	}
}

// unbound is the Grant.Bind of a session that does not end.
func unbound(context.CancelCauseFunc) (release func()) { return func() {} }

// layers puts the BFF's layers around the proxy, in the BFF's order.
func (r *rig) layers(clients *web.ClientIPs) http.Handler {
	h := web.Handle(r.proxy.Serve, writeTestError)
	cors := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Add("Vary", "Origin")
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example")
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, req)
	})
	return web.RequestLog{
		Log:     slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: &r.level})),
		Surface: "bff",
		Errors:  writeTestError,
		Clients: clients,
	}.Wrap(web.SecurityHeaders{CSP: web.APIPolicy, HTTPS: true}.Wrap(web.DefaultDeadlines.Wrap(cors)))
}

func writeTestError(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.WriteJSON(w, e.Status, map[string]string{"code": e.Code, "message": e.Message})
}

func mustParse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// request builds a browser's request; header is name, value, name, value….
func (r *rig) request(ctx context.Context, method, path string, body io.Reader, header ...string) *http.Request {
	r.Helper()
	req, err := http.NewRequestWithContext(ctx, method, r.front.URL+path, body)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Cookie", "session=secret")
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// roundTrip sends req unchanged and does not follow redirects.
func (r *rig) roundTrip(req *http.Request) (*http.Response, error) {
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	return transport.RoundTrip(req)
}

// open sends a request and returns when the header of the answer has arrived.
func (r *rig) open(req *http.Request) *http.Response {
	r.Helper()
	res, err := r.roundTrip(req)
	if err != nil {
		r.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	r.Cleanup(func() { res.Body.Close() })
	return res
}

// do sends a request and reads the whole answer.
func (r *rig) do(req *http.Request) (*http.Response, string) {
	r.Helper()
	res := r.open(req)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatalf("%s %s: reading the answer: %v", req.Method, req.URL, err)
	}
	return res, string(body)
}

func (r *rig) get(path string, header ...string) (*http.Response, string) {
	r.Helper()
	return r.do(r.request(r.Context(), http.MethodGet, path, nil, header...))
}

// wantError checks a refusal: its status, its code, the headers of every answer, and that
// it does not contain the API's address.
func (r *rig) wantError(res *http.Response, body string, status int, code string) {
	r.Helper()
	var got struct{ Code, Message string }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		r.Fatalf("got %d with body %q, want an error in JSON", res.StatusCode, body)
	}
	if res.StatusCode != status || got.Code != code {
		r.Errorf("got %d %s, want %d %s", res.StatusCode, got.Code, status, code)
	}
	r.wantOuterHeaders(res)
	if all := fmt.Sprint(res.Header, body); strings.Contains(all, r.api.Host) {
		r.Errorf("the answer shows the API's address %s: %s", r.api.Host, all)
	}
}

func (r *rig) wantOuterHeaders(res *http.Response) {
	r.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options":      "nosniff",
		"Content-Security-Policy":     web.APIPolicy,
		"Strict-Transport-Security":   "max-age=31536000",
		web.ResourcePolicy:            "same-origin",
		"Access-Control-Allow-Origin": "https://app.example",
		"Vary":                        "Origin",
	} {
		if got := res.Header.Values(name); len(got) == 0 || got[0] != want || name != "Vary" && len(got) > 1 {
			r.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if res.Header.Get("X-Request-Id") == "" {
		r.Error("X-Request-Id is missing")
	}
	if got := res.Header.Values("Cache-Control"); len(got) != 1 {
		r.Errorf("Cache-Control: got %q, want one", got)
	}
}

func (r *rig) wantLog(text string) {
	r.Helper()
	r.log.Want(r, text)
}
