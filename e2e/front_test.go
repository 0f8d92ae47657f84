package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// front is a proxy in front of the product. It records the requests, and can delay them and
// change the responses.
type front struct {
	base string // its URL
	to   atomic.Pointer[url.URL]

	mu     sync.Mutex
	passed []string // "PUT /api/proxy/…", in the order in which they came
	hold   func(r *http.Request) <-chan struct{}
	change func(res *http.Response)
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1, // events
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(f.to.Load())
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(res *http.Response) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.change != nil {
				f.change(res)
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.passed = append(f.passed, r.Method+" "+r.URL.Path)
		var held <-chan struct{}
		if f.hold != nil {
			held = f.hold(r)
		}
		f.mu.Unlock()
		if held != nil {
			select {
			case <-held:
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f.base = "http://localhost:" + port
	return f
}

// set changes how the front behaves.
func (f *front) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// count returns the number of requests whose method and path begin with prefix.
func (f *front) count(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, request := range f.passed {
		if strings.HasPrefix(request, prefix) {
			n++
		}
	}
	return n
}

// leadsTo sets the server that gets the requests.
func (f *front) leadsTo(t *testing.T, server string) {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	f.to.Store(u)
}

// newAppBehind starts the product behind a proxy whose public URL is base. It calls started
// with the product's own URL before a test opens the app.
func newAppBehind(t *testing.T, base string, started func(bff string), settings ...string) *app {
	t.Helper()
	p := launch(t, shapes[0], append([]string{"BASE_URL=" + base, "RATE_LIMIT=off"}, settings...)...)
	started(p.bff)
	p.bff = base
	return &app{product: p, browser: chromium(t)}
}
