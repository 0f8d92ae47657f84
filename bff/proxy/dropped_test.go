package proxy

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/web"
)

func TestDroppedHeadersAreNamedOnlyAtDebugLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: `"not_forwarded":"Authorization, Cookie, X-Forwarded-For, X-Tenant, X-Un_derscore"`,
		slog.LevelInfo:  "",
	} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, newRecorder(), func(c *Config) { c.ForwardHeaders = []string{"X-Listed", "X-My-*"} })
			r.level.Set(level)
			r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=SECRET1\nAuthorization: Bearer SECRET2\nX-Tenant: SECRET3\nX-Forwarded-For: 192.0.2.1\n" +
				"X-Un_derscore: 1\nX-Listed: 1\nX-My-App: 1\nAccept: */*\nTraceparent: x\n\n").answer("GET")
			r.wantLog(`"status":200`)
			log := r.log.String()
			if strings.Contains(log, "not_forwarded") != (want != "") || !strings.Contains(log, want) || strings.Contains(log, "SECRET") {
				t.Errorf("got %s\nwant %s, and no value", log, want)
			}
		})
	}
}

func TestTheNamesOfDroppedHeadersAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRecorder())
	r.level.Set(slog.LevelDebug)
	var lines strings.Builder
	for i := range 60 {
		fmt.Fprintf(&lines, "X-%02d-%s: v\n", i, strings.Repeat("n", 300))
	}
	r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" + lines.String() + "\n").answer("GET")
	r.wantLog(`"not_forwarded_more":41`)
	log := r.log.String()
	if got := strings.Count(log, "…"); got != maxDropped-1 || strings.Contains(log, strings.Repeat("n", maxDroppedLen)) || len(log) > 3000 {
		t.Errorf("got %d names that were cut, in %d bytes: %s", got, len(log), log)
	}
}

func TestAHandshakeNamesNoneOfItsHeaders(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRecorder())
	r.level.Set(slog.LevelDebug)
	r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nOrigin: https://app.example\nConnection: Upgrade\nUpgrade: websocket\n" +
		"Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n").answer("GET")
	r.wantLog(`"not_forwarded":"Cookie, Origin"`)
}

// TestDroppedHeadersCostNothing without the level debug.
func TestDroppedHeadersCostNothing(t *testing.T) {
	p := &Proxy{}
	var err error
	if p.allowed, err = NewHeaderList(nil); err != nil {
		t.Fatal(err)
	}
	clients, err := web.NewClientIPs(nil)
	if err != nil {
		t.Fatal(err)
	}
	measure := func(_ http.ResponseWriter, r *http.Request) {
		x := &exchange{in: r}
		if got := testing.AllocsPerRun(100, func() { p.noteDropped(x) }); got != 0 {
			t.Errorf("got %v allocations", got)
		}
	}
	r, err := http.NewRequest("GET", "/api/proxy/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = browserHeader
	web.RequestLog{Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Clients: clients, Errors: writeTestError}.Wrap(http.HandlerFunc(measure)).ServeHTTP(discard{http.Header{}}, r)
}
