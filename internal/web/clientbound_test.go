package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
)

// TestAClientBehindATrustedProxyHasTheSameBound: all clients share the proxy's
// connections.
func TestAClientBehindATrustedProxyHasTheSameBound(t *testing.T) {
	t.Parallel()
	clients, err := NewClientIPs([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	begun, letGo := make(chan struct{}), make(chan struct{})
	h := Handle(clients.Bound(10, 2)(func(_ http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-letGo
		}
		return nil
	}), func(w http.ResponseWriter, _ *http.Request, e *Error) { w.WriteHeader(e.Status) })
	ask := func(peer, client, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = peer + ":1"
		if client != "" {
			r.Header.Set("X-Forwarded-For", client)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { ask("10.0.0.1", "203.0.113.9", "/slow") })
		<-begun
	}
	refused := ask("10.0.0.2", "203.0.113.9", "/")
	if refused.Code != http.StatusTooManyRequests || refused.Header().Get("Retry-After") == "" || refused.Header().Get("Connection") != "close" {
		t.Errorf("a third: got %d with %v", refused.Code, refused.Header())
	}
	for _, other := range [][2]string{{"10.0.0.1", "203.0.113.10"}, {"203.0.113.9", ""}, {"10.0.0.1", ""}, {"10.0.0.1", "10.0.0.3"}} {
		if got := ask(other[0], other[1], "/").Code; got != http.StatusOK {
			t.Errorf("%v: got %d, want 200", other, got)
		}
	}
	// A proxy that names no client stands for many clients.
	for range 3 {
		wg.Go(func() { ask("10.0.0.1", "", "/slow") })
		<-begun
	}
	close(letGo)
	wg.Wait()
	if got := ask("10.0.0.1", "203.0.113.9", "/").Code; got != http.StatusOK {
		t.Errorf("afterwards: got %d, want 200", got)
	}
}
