package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// slashAPI is an API that knows each path with the slash at its end, or without it, and redirects
// from the other one. It records its requests.
type slashAPI struct {
	status   int
	location func(r *http.Request, to string) string
	slash    bool // it knows the paths with the slash
	early    bool // it redirects before it reads the body

	requests chan seen
}

func newSlashAPI(slash bool) *slashAPI {
	return &slashAPI{status: http.StatusTemporaryRedirect, location: fromHost, slash: slash, requests: make(chan seen, 100)}
}

// fromHost is FastAPI's form, bare that of Go and Django.
func fromHost(r *http.Request, to string) string { return "http://" + r.Host + bare(r, to) }
func bare(_ *http.Request, to string) string     { return to }

func (a *slashAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if strings.HasSuffix(path, "/") == a.slash {
		body, _ := io.ReadAll(r.Body)
		a.requests <- seen{r, string(body)}
		_, _ = io.WriteString(w, "found")
		return
	}
	var body []byte
	if !a.early {
		body, _ = io.ReadAll(r.Body)
	}
	a.requests <- seen{r, string(body)}
	to := path + "/"
	if !a.slash {
		to = strings.TrimSuffix(path, "/")
	}
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", a.location(r, to))
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, "moved")
}

func TestARedirectToTheOtherSlashIsFollowed(t *testing.T) {
	t.Parallel()
	adds, removes := newSlashAPI(true), newSlashAPI(false)
	permanent, path, secure, public, relative := newSlashAPI(true), newSlashAPI(true), newSlashAPI(true), newSlashAPI(true), newSlashAPI(true)
	permanent.status = http.StatusPermanentRedirect
	path.location = bare
	secure.location = func(r *http.Request, to string) string { return "https://" + r.Host + to } // by X-Forwarded-Proto
	public.location = func(_ *http.Request, to string) string { return "https://app.example" + to }
	relative.location = func(_ *http.Request, to string) string { return to[strings.LastIndex(to[:len(to)-1], "/")+1:] }
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		for _, tt := range []struct {
			name               string
			api                *slashAPI
			method, path, body string
		}{
			{"GET", adds, "GET", "/tasks", ""},
			{"HEAD", adds, "HEAD", "/tasks", ""},
			{"POST", adds, "POST", "/tasks", `{"title":"x"}`},
			{"DELETE without a body", adds, "DELETE", "/tasks/7", ""},
			{"the largest body", adds, "PUT", "/tasks", strings.Repeat("x", maxKept)},
			{"a query", adds, "GET", "/tasks?q=a%26b&done", ""},
			{"an escape", adds, "GET", "/a%2Cb%20c/tasks", ""},
			{"without the slash", removes, "PATCH", "/tasks/", "{}"},
			{"308", permanent, "POST", "/tasks", "{}"},
			{"a path", path, "GET", "/tasks?a=1", ""},
			{"another scheme", secure, "GET", "/tasks", ""},
			{"our public origin", public, "GET", "/tasks", ""},
			{"a relative path", relative, "GET", "/users/tasks", ""},
		} {
			r := start(tt.api)
			var body io.Reader
			if tt.body != "" {
				body = strings.NewReader(tt.body)
			}
			res, text := r.do(r.request(t.Context(), tt.method, "/api/proxy"+tt.path, body, "Idempotency-Key", "k"))
			if res.StatusCode != 200 || text != "found" && tt.method != "HEAD" || len(tt.api.requests) != 2 {
				t.Errorf("%s: got %d %q after %d requests, want what the second one found", tt.name, res.StatusCode, text, len(tt.api.requests))
			}
			sent := <-tt.api.requests
			again := <-tt.api.requests
			was, _, _ := strings.Cut(sent.RequestURI, "?")
			is, query, _ := strings.Cut(again.RequestURI, "?")
			if was+"/" != is && was != is+"/" || query != sent.URL.RawQuery || again.body != tt.body || again.Method != tt.method {
				t.Errorf("%s: got %s %s with %q after %s, want the same with the other slash", tt.name, again.Method, again.RequestURI, again.body, sent.RequestURI)
			}
			for _, name := range []string{"Authorization", "Idempotency-Key", "X-Request-Id"} {
				if got := again.Header[name]; len(got) != 1 || got[0] != sent.Header.Get(name) {
					t.Errorf("%s: got %s %q, want %q", tt.name, name, got, sent.Header.Get(name))
				}
			}
			r.wantLog("to /api")
		}
	})
}

// Redirects to somewhere else are answers for the browser, or a 502.
func TestOtherRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status   int
		location []string
		sent     string
	}{
		"301":                   {301, []string{"/api/tasks/"}, "/tasks"},
		"302":                   {302, []string{"/api/tasks/"}, "/tasks"},
		"303":                   {303, []string{"/api/tasks/"}, "/tasks"},
		"another path":          {307, []string{"/api/other/"}, "/tasks"},
		"another case":          {307, []string{"/api/Tasks/"}, "/tasks"},
		"the same path":         {307, []string{"/api/tasks"}, "/tasks"},
		"two slashes":           {307, []string{"/api/tasks//"}, "/tasks"},
		"another query":         {307, []string{"/api/tasks/?a=2"}, "/tasks?a=1"},
		"no query":              {307, []string{"/api/tasks/"}, "/tasks?a=1"},
		"a fragment":            {307, []string{"/api/tasks/#x"}, "/tasks"},
		"dot segments":          {307, []string{"/api/x/../tasks/"}, "/tasks"},
		"another host":          {307, []string{"https://evil.example/api/tasks/"}, "/tasks"},
		"a host without scheme": {307, []string{"//evil.example/api/tasks/"}, "/tasks"},
		"another scheme":        {307, []string{"ftp://API/api/tasks/"}, "/tasks"},
		"a user":                {307, []string{"http://u@API/api/tasks/"}, "/tasks"},
		"two of them":           {307, []string{"/api/tasks/", "/api/tasks/"}, "/tasks"},
		"none":                  {307, nil, "/tasks"},
		"above the root":        {307, []string{"/api"}, "/"},
	} {
		var requests atomic.Int32
		r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			for _, location := range tt.location {
				w.Header().Add("Location", strings.Replace(location, "API", r.Host, 1))
			}
			w.WriteHeader(tt.status)
		}))
		res, _ := r.get("/api/proxy" + tt.sent)
		if got := requests.Load(); got != 1 || res.StatusCode != tt.status && res.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: got %d after %d requests, want the redirect or a 502 after one", name, res.StatusCode, got)
		}
	}
}

// TestASecondRedirectIsHandedOn: an API that redirects to and fro causes two requests.
func TestASecondRedirectIsHandedOn(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if to, ok := strings.CutSuffix(r.URL.Path, "/"); ok {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		} else {
			http.Redirect(w, r, r.URL.Path+"/", http.StatusTemporaryRedirect)
		}
	}))
	res, _ := r.get("/api/proxy/tasks")
	if got := res.Header.Get("Location"); res.StatusCode != 307 || got != "/api/proxy/tasks" || requests.Load() != 2 {
		t.Errorf("got %d to %q after %d requests", res.StatusCode, got, requests.Load())
	}
}

// TestARedirectTakesNoMoreTime: one PROXY_TIMEOUT holds for both requests, and for the body of the
// redirect.
func TestARedirectTakesNoMoreTime(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]string{"the second answer": "/", "the redirect's body": ""} {
		r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/") {
				w.Header().Set("Content-Length", "5")
				w.Header().Set("Location", r.URL.Path+"/")
				w.WriteHeader(http.StatusPermanentRedirect)
				_ = http.NewResponseController(w).Flush()
				if silent != "" {
					_, _ = io.WriteString(w, "moved")
					return
				}
			}
			<-r.Context().Done()
		}), func(c *Config) { c.Timeout = 100 * time.Millisecond })
		res, body := r.get("/api/proxy/tasks")
		if res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%s: got %d %s, want 504", name, res.StatusCode, body)
		}
	}
}

// Nobody can act by a body that is sent again when its session has ended meanwhile.
func TestABodyIsNotSentAgainWithoutASession(t *testing.T) {
	t.Parallel()
	api := newSlashAPI(true)
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(confirmAfter)
		api.ServeHTTP(w, r)
	})
	var calls atomic.Int32
	r := newRig(t, slow, confirming(&calls, func(context.Context) error { return errTestExpired }))
	res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/tasks", strings.NewReader("{}")))
	r.wantError(res, body, http.StatusUnauthorized, "SESSION_EXPIRED")
	if len(api.requests) != 1 || calls.Load() != 1 {
		t.Errorf("got %d requests and %d questions for the session, want 1 and 1", len(api.requests), calls.Load())
	}
}

// A WebSocket of a browser follows no redirect at all.
func TestAWebSocketIsSentToTheOtherSlash(t *testing.T) {
	t.Parallel()
	sockets := newSocketAPI()
	api := http.NewServeMux()
	api.Handle("/api/socket", http.RedirectHandler("/api/socket/?a=1", http.StatusTemporaryRedirect))
	api.Handle("/api/socket/", sockets)
	conn, _ := newRig(t, api).dial()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := conn.Read(ctx); err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}
