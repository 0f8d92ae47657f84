package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// BenchmarkRequest shows what the wrappers of a surface add to one small
// request on a kept connection.
func BenchmarkRequest(b *testing.B) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "hello")
	})
	// The log is written, to nowhere.
	access := RequestLog{Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Surface: "bench", Errors: writeTestError}
	guard := func(ts *httptest.Server) { ts.Listener = GuardFraming(ts.Config, ts.Listener) }
	bare := func(*httptest.Server) {}
	for _, bb := range []struct {
		name    string
		handler http.Handler
		listen  func(*httptest.Server)
	}{
		{"bare", hello, bare},
		{"headers", SecurityHeaders{CSP: APIPolicy, HTTPS: true}.Wrap(hello), bare},
		{"deadlines", DefaultDeadlines.Wrap(hello), bare},
		{"access", access.Wrap(hello), bare},
		{"framing", hello, guard},
		{"all", access.Wrap(SecurityHeaders{CSP: APIPolicy, HTTPS: true}.Wrap(DefaultDeadlines.Wrap(hello))), guard},
	} {
		b.Run(bb.name, func(b *testing.B) {
			ts := httptest.NewUnstartedServer(bb.handler)
			bb.listen(ts)
			ts.Start()
			b.Cleanup(ts.Close)
			c := dial(b, ts)
			request := []byte("GET /api/proxy/me/tasks HTTP/1.1\r\nHost: localhost:3000\r\nUser-Agent: bench\r\nAccept: */*\r\n" +
				"Cookie: better-auth.session_token=0123456789012345678901234567890123456789012.0123456789012345678901234567890123456789012%3D\r\n\r\n")
			answer := make([]byte, 4<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.TCPConn.Write(request); err != nil {
					b.Fatal(err)
				}
				// A small answer is one segment.
				if n, err := c.TCPConn.Read(answer); err != nil || string(answer[n-5:n]) != "hello" {
					b.Fatalf("got %q, %v", answer[:n], err)
				}
			}
		})
	}
}

// BenchmarkWrappers measures the same without a network, which would hide small costs.
func BenchmarkWrappers(b *testing.B) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	for name, h := range map[string]http.Handler{
		"bare":      hello,
		"headers":   SecurityHeaders{CSP: APIPolicy, HTTPS: true}.Wrap(hello),
		"deadlines": DefaultDeadlines.Wrap(hello),
		"access":    RequestLog{Log: log, Surface: "bench"}.Wrap(hello),
		"quiet":     RequestLog{Log: slog.New(slog.DiscardHandler), Surface: "bench"}.Wrap(hello),
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/api/proxy/me/tasks", nil)
			b.ReportAllocs()
			for b.Loop() {
				w := &blackHole{header: http.Header{}}
				h.ServeHTTP(w, r)
			}
		})
	}
}

// blackHole is a writer that costs nothing.
type blackHole struct {
	fakeConn
	header http.Header
}

func (b *blackHole) Header() http.Header         { return b.header }
func (b *blackHole) Write(p []byte) (int, error) { return len(p), nil }
func (b *blackHole) WriteHeader(int)             {}

var sinkObject *Object

func BenchmarkParseObject(b *testing.B) {
	body := []byte(`{"title":"Buy groceries","description":"Milk, eggs and \u00fc","completed":false}`)
	b.ReportAllocs()
	for b.Loop() {
		sinkObject, _ = ParseObject(body)
	}
	if !sinkObject.Has("title") || sinkObject.of("title").value.Kind() != jsontext.KindString {
		b.Fatal("not parsed")
	}
}
