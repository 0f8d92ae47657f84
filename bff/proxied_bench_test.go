package bff_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/bff/password"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/internal/web"
	"vestibule/store"
)

// BenchmarkProxied measures one proxied GET of a user with a live session through the whole
// BFF. The API answers 1 KB of JSON from memory, so this is the cost of our own code.
//
// "handler" calls the handler without a network. "sockets" has a real server and one
// connection in front of it; its figures hold net/http's own work too.
func BenchmarkProxied(b *testing.B) {
	for _, engine := range []struct {
		name string
		open func(testing.TB) *store.Store
	}{{"SQLite", storetest.SQLite}, {"PostgreSQL", storetest.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			server, cookie := benchServer(b, engine.open(b))
			b.Run("handler", func(b *testing.B) { benchHandler(b, server.Handler(), cookie) })
			b.Run("sockets", func(b *testing.B) { benchSocket(b, server.Handler(), cookie) })
		})
	}
}

// benchServer returns a running BFF and the cookie of a live session.
func benchServer(b *testing.B, db *store.Store) (server *bff.Server, cookie string) {
	b.Helper()
	base := &url.URL{Scheme: "http", Host: "localhost:3000"}
	server, err := bff.New(b.Context(), bff.Config{
		BaseURL: base, Backend: &url.URL{Scheme: "http", Host: "localhost:8000"},
		Secret: []byte(strings.Repeat("s", 32)), CookieName: "better-auth.session_token",
		PasswordParams: password.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		ProxyBodyLimit: 10 << 20, ProxyTimeout: 30 * time.Second,
		Mail: bff.MailConfig{Folder: b.TempDir()},
	}, bff.Deps{Store: db, Log: slog.New(slog.DiscardHandler), Upstream: memoryAPI{}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); server.Run(ctx) }()
	b.Cleanup(func() { cancel(); <-ran })
	// PostgreSQL tells of changes a moment after the start.
	waittest.Until(b, "sessions are kept", func() bool { _, err := db.Version(ctx); return err == nil })

	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/api/auth/sign-up/email", strings.NewReader(`{"email":"ada@example.com","password":"`+own+`"}`))
	r.Header.Set("Content-Type", "application/json")
	server.Handler().ServeHTTP(w, r)
	if cookies := w.Result().Cookies(); len(cookies) == 1 {
		return server, cookies[0].Name + "=" + cookies[0].Value
	}
	b.Fatalf("got %d %s", w.Code, w.Body)
	return nil, ""
}

var kilobyte = []byte(`{"text":"` + strings.Repeat("x", 1013) + `"}`)

// memoryAPI answers without a network. It has the headers of the task API. It makes little for
// an answer, because the cost of a transport is measured elsewhere.
type memoryAPI struct{}

var memoryHeader = http.Header{
	"Content-Type": {"application/json"}, "Content-Length": {"1024"}, "Date": {"Tue, 15 Nov 1994 12:45:26 GMT"},
	"X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"}, "X-Request-Id": {"x"},
}

func (memoryAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		ContentLength: int64(len(kilobyte)), Body: io.NopCloser(bytes.NewReader(kilobyte)),
		Header: maps.Clone(memoryHeader),
	}, nil
}

// fetchHeader is what a browser sends with a fetch.
func fetchHeader(cookie string) http.Header {
	return http.Header{
		"Accept":          {"*/*"},
		"Accept-Encoding": {"gzip, deflate, br, zstd"},
		"Accept-Language": {"en-US,en;q=0.9,de;q=0.8"},
		"Connection":      {"keep-alive"},
		"Cookie":          {cookie},
		"Referer":         {"http://localhost:3000/tasks"},
		"Sec-Fetch-Dest":  {"empty"},
		"Sec-Fetch-Mode":  {"cors"},
		"Sec-Fetch-Site":  {"same-origin"},
		"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"},
	}
}

// nullWriter is a connection that takes everything, with the methods of net/http's own.
type nullWriter struct {
	header  http.Header
	status  int
	written int
}

func (w *nullWriter) Header() http.Header            { return w.header }
func (w *nullWriter) WriteHeader(status int)         { w.status = status }
func (w *nullWriter) Write(p []byte) (int, error)    { w.written += len(p); return len(p), nil }
func (*nullWriter) FlushError() error                { return nil }
func (*nullWriter) Flush()                           {}
func (*nullWriter) SetReadDeadline(time.Time) error  { return nil }
func (*nullWriter) SetWriteDeadline(time.Time) error { return nil }
func (*nullWriter) EnableFullDuplex() error          { return nil }

func benchHandler(b *testing.B, h http.Handler, cookie string) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	r := (&http.Request{
		Method: "GET", URL: &url.URL{Path: "/api/proxy/me/tasks"}, RequestURI: "/api/proxy/me/tasks", Host: "localhost:3000",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: fetchHeader(cookie), Body: http.NoBody, RemoteAddr: "127.0.0.1:1234",
	}).WithContext(ctx)
	b.ReportAllocs()
	for b.Loop() {
		w := nullWriter{header: http.Header{}}
		h.ServeHTTP(&w, r)
		if w.status != 200 || w.written != len(kilobyte) {
			b.Fatalf("got %d with %d bytes", w.status, w.written)
		}
	}
}

func benchSocket(b *testing.B, h http.Handler, cookie string) {
	front := httptest.NewUnstartedServer(h)
	front.Listener = web.GuardFraming(front.Config, front.Listener) // as in production
	front.Start()
	defer front.Close()
	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var request bytes.Buffer
	request.WriteString("GET /api/proxy/me/tasks HTTP/1.1\r\nHost: localhost:3000\r\n")
	_ = fetchHeader(cookie).Write(&request)
	request.WriteString("\r\n")
	in := bufio.NewReader(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(request.Bytes()); err != nil {
			b.Fatal(err)
		}
		status, err := in.ReadSlice('\n')
		if err != nil || !bytes.Contains(status, []byte("200")) {
			b.Fatalf("got %q, %v", status, err)
		}
		for len(bytes.TrimSpace(status)) > 0 { // the header, which has a Content-Length
			if status, err = in.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := in.Discard(len(kilobyte)); err != nil {
			b.Fatal(err)
		}
	}
}
