package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// upstream is an API that is not ours. It records the requests.
type upstream struct {
	url      string
	mu       sync.Mutex
	received []received
	events   chan string // sent as server-sent events
	file     string      // sent as a download
}

type received struct {
	method, uri string
	header      http.Header
	body        int64
}

func newUpstream(t testing.TB) *upstream {
	t.Helper()
	u := &upstream{events: make(chan string)}
	srv := httptest.NewServer(u)
	u.url = srv.URL
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return u
}

func (u *upstream) last(t testing.TB) received {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.received) == 0 {
		t.Fatal("the upstream has received nothing")
	}
	return u.received[len(u.received)-1]
}

// count returns how many requests there were.
func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.received)
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case e := <-u.events:
				fmt.Fprintf(w, "data: %s\n\n", e)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	case "/api/download":
		http.ServeFile(w, r, u.file)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	u.mu.Lock()
	u.received = append(u.received, received{r.Method, r.RequestURI, r.Header.Clone(), n})
	u.mu.Unlock()
	h := w.Header()
	h.Set("Set-Cookie", "upstream=1")
	h.Set("Server", "upstream/1.0")
	h.Set("X-Powered-By", "upstream")
	h.Set("Access-Control-Allow-Origin", "*")
	fmt.Fprintf(w, "%d", n)
}

// TestWhatTheAPIReceives sends the headers that an attacker would send, and checks which of
// them arrive.
func TestWhatTheAPIReceives(t *testing.T) {
	t.Parallel()
	up := newUpstream(t)
	p := launch(t, shapes[0], "BACKEND_URL="+up.url)
	b := newBrowser(t, p.bff)
	b.signUp("ivy@example.com")
	hostile := map[string]string{
		"Authorization": "Bearer forged", "X-User-Id": "usr_other", "X_User_Id": "usr_other", "X-Forwarded-User": "usr_other",
		"X-Forwarded-For": "203.0.113.9", "X-Real-Ip": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Forwarded-Host": "evil.example",
		"Referer": p.bff + "/x?secret", "Cookie2": "x", "Proxy-Authorization": "Basic x", "X-Request-Id": "chosen", "Connection": "Authorization, X-Request-Id",
		"Te": "trailers", "X-Http-Method-Override": "DELETE",
	}
	header := []string{"Accept-Language", "de", "If-None-Match", `"x"`, "Idempotency-Key", "k1", "User-Agent", "test/1"}
	for name, value := range hostile {
		header = append(header, name, value)
	}
	got := b.want(b.send("POST", p.bff+"/api/proxy/a%20b/c?x=1&y=%2F", `{"a":1}`, header...), 200, "7")
	r := up.last(t)
	if r.method != "POST" || r.uri != "/api/a%20b/c?x=1&y=%2F" {
		t.Errorf("got %s %s", r.method, r.uri)
	}
	allowed := map[string]bool{}
	for _, name := range strings.Fields("Accept Accept-Encoding Accept-Language Authorization Content-Length Content-Type Idempotency-Key If-None-Match " +
		"User-Agent X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Request-Id Traceparent") {
		allowed[name] = true
	}
	for name, values := range r.header {
		if !allowed[name] {
			t.Errorf("the API received %s: %q", name, values)
		}
	}
	if auth := r.header.Values("Authorization"); len(auth) != 1 || auth[0] == "Bearer forged" || !strings.HasPrefix(auth[0], "Bearer ey") {
		t.Errorf("got Authorization %q, want one, ours", auth)
	}
	if xff := r.header.Get("X-Forwarded-For"); xff != "127.0.0.1" {
		t.Errorf("got X-Forwarded-For %q, want the connection's address", xff)
	}
	if id := r.header.Get("X-Request-Id"); id == "chosen" || id == "" || id != got.header.Get("X-Request-Id") {
		t.Errorf("got X-Request-Id %q upstream and %q in the answer, want one of ours", id, got.header.Get("X-Request-Id"))
	}
	for _, name := range []string{"Set-Cookie", "Server", "X-Powered-By"} {
		if v := got.header.Get(name); v != "" {
			t.Errorf("the browser received %s: %s", name, v)
		}
	}
	if v := got.header.Get("Access-Control-Allow-Origin"); v != p.bff {
		t.Errorf("got Access-Control-Allow-Origin %q, want our own and not the API's", v)
	}
}

func TestServerSentEventsArriveAtOnceAndEndWithTheSession(t *testing.T) {
	t.Parallel()
	up := newUpstream(t)
	p := launch(t, shapes[0], "BACKEND_URL="+up.url)
	b := newBrowser(t, p.bff)
	b.signUp("kim@example.com")
	res, err := b.client.Get(p.bff + "/api/proxy/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 20 {
		sent := time.Now()
		up.events <- strconv.Itoa(i)
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		// The promise is 100 ms. A buffered stream would not arrive at all before
		// the next event, so that there is no bound here.
		if took := time.Since(sent); i == 0 || took > 50*time.Millisecond {
			t.Logf("event %d arrived after %v", i, took)
		}
	}
	time.Sleep(1100 * time.Millisecond) // longer than the time for which a request may outlive its session
	out := newBrowser(t, p.bff)
	out.want(out.sendRaw("POST", p.bff+"/api/auth/logout", "", "Cookie", "better-auth.session_token="+b.cookie(), "Origin", p.bff), 200, "true")
	signedOut := time.Now()
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != lastEvent {
		t.Errorf("got %q, error %v; want the last event", rest, err)
	}
	t.Logf("the stream ended %v after sign-out", time.Since(signedOut))
}

func TestFailingAPI(t *testing.T) {
	t.Parallel()
	up := newUpstream(t)
	p := launch(t, shapes[0], "BACKEND_URL="+up.url, "PROXY_TIMEOUT=1s", "PROXY_BODY_LIMIT=1KiB")
	b := newBrowser(t, p.bff)
	b.signUp("lea@example.com")
	b.want(b.send("POST", p.bff+"/api/proxy/x", strings.Repeat("x", 1025)), 413, "BODY_TOO_LARGE")
	b.want(b.send("POST", p.bff+"/api/proxy/x", strings.Repeat("x", 1024)), 200, "1024")

	gone := launch(t, shapes[0], "BACKEND_URL=http://"+freeAddrs(t, 1)[0])
	g := newBrowser(t, gone.bff)
	g.signUp("lea@example.com")
	a := g.want(g.send("GET", gone.bff+"/api/proxy/x", ""), 502, "Failed to proxy request")
	if strings.Contains(a.body, "127.0.0.1") {
		t.Errorf("the answer shows the API's address: %s", a.body)
	}
}

// TestDisagreeingSecretsAreNamed: an API that refuses the BFF's own token is
// an operator's mistake, not the user's.
func TestDisagreeingSecretsAreNamed(t *testing.T) {
	t.Parallel()
	p := sharedProduct(t, shapes[2])
	other := launch(t, shapes[0], "BACKEND_URL="+p.api, "BETTER_AUTH_SECRET="+"another-installation-4f8a2c6e0b7d")
	b := newBrowser(t, other.bff)
	b.signUp("mia@example.com")
	b.want(b.send("GET", other.bff+"/api/proxy/me/tasks", ""), 502, "UPSTREAM_REJECTED_TOKEN")
	other.processes[0].log.Want(t, "BETTER_AUTH_SECRET, JWT_ISSUER")
}
