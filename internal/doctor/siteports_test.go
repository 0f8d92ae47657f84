package doctor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"vestibule/internal/web"
)

// admin answers like the admin address.
func admin(t *testing.T) (port string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(web.RequestIDHeader, "abc")
		_, _ = w.Write([]byte(`{"status":"ok"}`))
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// TestTheInternalAddressesOfThisMachineMayBeReached, and in a private network they may be meant
// for who asks.
func TestTheInternalAddressesOfThisMachineMayBeReached(t *testing.T) {
	t.Parallel()
	port := admin(t)
	for host, tt := range map[string]struct {
		address string
		want    State
	}{
		"localhost":        {"127.0.0.1", OK},
		"this.example.com": {"127.0.0.1", OK},
		"lan.example.com":  {"10.0.0.7", Warning},
		"app.example.com":  {"203.0.113.7", Failure},
	} {
		s := (&running{base: "http://" + host}).site(t, map[string]string{port: "127.0.0.1:" + port})
		s.Ports = map[string]string{"ADMIN_ADDR": port}
		s.lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr(tt.address)}, nil
		}
		s.prepare()
		got := orElse(s.ports(t.Context()), "nothing")
		if len(got) != 1 || got[0].State != tt.want {
			t.Errorf("%s at %s: got %s, want one %s", host, tt.address, describe(got), tt.want)
		}
		s.transport.CloseIdleConnections()
	}
}
