package bff_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"vestibule/bff"
	"vestibule/internal/caddytest"
	"vestibule/internal/nginxtest"
	"vestibule/internal/storetest"
)

// seenRequest is what a team's application has got.
type seenRequest struct {
	Method, URI string
	Header      http.Header
	Body        string
}

// fronted is a site with an application behind nginx or Caddy, which ask forward auth. The
// application answers with the request that it got.
type fronted struct {
	*site
	mu  sync.Mutex
	got int // how many requests the application has got
}

// addresses are those of the configuration.
type addresses struct{ vestibule, verify, application string }

// newFronted starts the proxy with begin, which returns its URL.
func newFronted(t *testing.T, begin func(t *testing.T, a addresses) string) *fronted {
	t.Helper()
	f := &fronted{}
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.got++
		f.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(seenRequest{r.Method, r.RequestURI, r.Header, string(body)})
	}))
	t.Cleanup(application.Close)
	verify := httptest.NewUnstartedServer(nil)
	t.Cleanup(verify.Close)
	host := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	var front string
	f.site = newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		front = begin(t, addresses{c.BaseURL.Host, host(verify), host(application)})
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		var err error
		if c.BaseURL, err = url.Parse(front); err != nil {
			t.Fatal(err)
		}
	})
	verify.Config.Handler = f.server.ForwardAuth()
	verify.Start()
	f.url = front
	return f
}

// configuration returns the one block of a language below a heading of docs/deploy.md, with
// these addresses.
func configuration(t *testing.T, heading, language string, a addresses) string {
	t.Helper()
	text, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n### ")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 1 {
		t.Fatalf("got %d blocks of %s below %q in docs/deploy.md, want 1", len(blocks), language, heading)
	}
	return strings.NewReplacer("10.0.0.11:3000", a.vestibule, "10.0.0.11:9100", a.verify, "10.0.0.21:8000", a.application).Replace(blocks[0][1])
}

func beginNginx(t *testing.T, a addresses) string {
	t.Helper()
	return nginxWith(t, configuration(t, "Forward auth with nginx", "nginx", a), a)
}

// nginxWith splits the text into what is around its server and what is inside.
func nginxWith(t *testing.T, text string, a addresses) string {
	t.Helper()
	around, inside, found := strings.Cut(strings.TrimSpace(text), "server {\n    # listen, the certificate and location / as above\n")
	inside, closed := strings.CutSuffix(inside, "}")
	if !found || !closed {
		t.Fatalf("the configuration has another form:\n%s", text)
	}
	return nginxtest.Start(t, nginxtest.Config{HTTP: around, Server: inside + "location / { proxy_pass http://" + a.vestibule + "; proxy_set_header Host $http_host; }"})
}

func beginCaddy(t *testing.T, a addresses) string {
	t.Helper()
	return caddyWith(t, configuration(t, "Forward auth with Caddy", "caddyfile", a))
}

// caddyWith starts Caddy with what is inside the site of the text.
func caddyWith(t *testing.T, text string) string {
	t.Helper()
	inside, found := strings.CutPrefix(strings.TrimSpace(text), "app.example.com {\n")
	inside, closed := strings.CutSuffix(inside, "}")
	if !found || !closed {
		t.Fatalf("the configuration has another form:\n%s", text)
	}
	return caddytest.Start(t, inside)
}

// request sends a request through the proxy. path is sent as it is.
func (f *fronted) request(v *visitor, method, path, body string, header http.Header) answer {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.url, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.URL.Opaque = path
	if header != nil {
		r.Header = header.Clone()
	}
	return v.send(r)
}

// passes returns what the application has got.
func (f *fronted) passes(v *visitor, method, path, body string, header http.Header) (seen seenRequest) {
	f.t.Helper()
	a := v.want(f.request(v, method, path, body, header), 200, "")
	if err := json.Unmarshal([]byte(a.body), &seen); err != nil {
		f.t.Fatalf("%s: %v", a.body, err)
	}
	return seen
}

// stays sends a request that must not reach the application, and be answered like this.
func (f *fronted) stays(v *visitor, status int, method, path string, header http.Header) answer {
	f.t.Helper()
	f.mu.Lock()
	before := f.got
	f.mu.Unlock()
	a := v.want(f.request(v, method, path, "", header), status, "")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.got != before || a.header.Get("Authorization") != "" || a.header.Get("X-User-Id") != "" {
		f.t.Errorf("%s %s with %v: the application has got it, or the answer has more than it should: %v", method, path, header, a.header)
	}
	return a
}
