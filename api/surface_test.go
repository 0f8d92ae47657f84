package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/api/bearer"
	"vestibule/internal/jose"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/internal/testlog"
	"vestibule/internal/web"
	"vestibule/store"
)

var previousSecret = []byte("fedcba9876543210fedcba9876543210")

// surface is the task API on a real socket, over a real store in which ada and
// bob have accounts.
type surface struct {
	url    string
	clock  *testclock.Clock
	store  *storetest.Database
	log    *testlog.Buffer
	server *Server
	stop   func() // stops what runs started
}

func sharedSecretConfig() Config {
	return Config{Config: bearer.Config{
		Algorithm: jose.HS256,
		Secrets:   [][]byte{testSecret, previousSecret},
		Issuer:    testIssuer,
		Audience:  testAudience,
	}}
}

// newSurface starts the API with the shared secret on its own store.
func newSurface(tb testing.TB, engine func(testing.TB) *storetest.Database) *surface {
	tb.Helper()
	st := engine(tb)
	s := startSurface(tb, sharedSecretConfig(), Deps{Tasks: st.Tasks})
	s.store = st
	return s
}

// startSurface starts the API with a clock that stands at noon.
func startSurface(tb testing.TB, cfg Config, deps Deps) *surface {
	tb.Helper()
	s := &surface{clock: testclock.At(noon), log: &testlog.Buffer{}}
	deps.Now = s.clock.Now
	deps.Log = slog.New(slog.NewJSONHandler(s.log, nil))
	server, err := New(cfg, deps)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	s.server = server
	s.url = serve(tb, contract.Watch(tb, server.Handler()))
	return s
}

// runs starts the API's background work, until stop is called or the test ends.
func (s *surface) runs(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.server.Run(ctx)
	}()
	s.stop = func() {
		cancel()
		<-ended
	}
	tb.Cleanup(s.stop)
}

// serve returns the address of h on a socket.
func serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	tb.Cleanup(srv.Close)
	return srv.URL
}

func auth(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}}
}

// reply is an answer that has been read to its end.
type reply struct {
	*http.Response
	body string
}

// do sends one request. A body is sent as JSON unless header says otherwise.
func (s *surface) do(tb testing.TB, method, path, body string, header http.Header) reply {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		tb.Fatalf("request: %v", err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	// Transport, not Client, because redirects must not be followed.
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatalf("%s %s: read answer: %v", method, path, err)
	}
	return reply{res, string(read)}
}

// is checks status and body.
func (r reply) is(tb testing.TB, status int, body string) {
	tb.Helper()
	if r.StatusCode != status {
		tb.Errorf("status: got %d, want %d (body %s)", r.StatusCode, status, r.body)
	}
	if r.body != body {
		tb.Errorf("body: got %s, want %s", r.body, body)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		tb.Errorf("Content-Type: got %q, want application/json", got)
	}
}

// isProblem checks every member of a refusal's body: its detail, and "field: message" for
// each of its errors.
func (r reply) isProblem(tb testing.TB, status int, detail string, faults ...string) {
	tb.Helper()
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		tb.Errorf("Content-Type: got %q, want application/problem+json", got)
	}
	want := map[string]any{
		"type": "about:blank", "title": web.StatusText(status), "status": float64(status), "detail": detail,
	}
	if len(faults) > 0 {
		var errs []any
		for _, f := range faults {
			field, message, _ := strings.Cut(f, ": ")
			errs = append(errs, map[string]any{"field": field, "message": message})
		}
		want["errors"] = errs
	}
	if status == http.StatusUnauthorized { // RFC 6750 §3.1
		challenge := "Bearer"
		if detail != "Not authenticated" {
			challenge = `Bearer error="invalid_token", error_description="` + detail + `"`
		}
		if got := r.Header["Www-Authenticate"]; len(got) != 1 || got[0] != challenge {
			tb.Errorf("WWW-Authenticate: got %q, want %q", got, challenge)
		}
	}
	if status >= 500 {
		want["request_id"] = r.Header.Get("X-Request-Id")
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(r.body), &got); err != nil {
		tb.Fatalf("problem: %v in %s", err, r.body)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("problem (-want +got):\n%s", diff)
	}
	if r.StatusCode != status {
		tb.Errorf("status: got %d, want %d", r.StatusCode, status)
	}
}

func sqlite(tb testing.TB) *storetest.Database {
	tb.Helper()
	return withAccounts(tb, storetest.Open(tb, storetest.SQLiteURL(tb)))
}

func postgres(tb testing.TB) *storetest.Database {
	tb.Helper()
	return withAccounts(tb, storetest.Open(tb, storetest.PostgresURL(tb)))
}

// withAccounts gives ada and bob their accounts.
func withAccounts(tb testing.TB, st *storetest.Database) *storetest.Database {
	tb.Helper()
	ctx := tb.Context()
	for _, id := range []string{ada, bob} {
		user := store.User{ID: id, Name: id, Email: id + "@example.com", CreatedAt: noon, UpdatedAt: noon}
		session := store.Session{
			ID: "ses_" + id, TokenHash: fmt.Sprintf("%x", sha256.Sum256([]byte(id))), UserID: id,
			CreatedAt: noon, UpdatedAt: noon, ExpiresAt: noon.Add(time.Hour), CookieAt: noon,
		}
		if err := st.Tx(ctx, "test", func(tx *store.Tx) error {
			return errors.Join(tx.CreateUser(user, "no password"), tx.StartSession(session))
		}); err != nil {
			tb.Fatalf("create user: %v", err)
		}
	}
	return st
}

// raw sends the path unchanged: Go's client would clean some paths.
func (s *surface) raw(tb testing.TB, method, path, token string) reply {
	tb.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		tb.Fatalf("dial: %v", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: api\r\nConnection: close\r\n", method, path)
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		tb.Fatalf("write: %v", err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatalf("%s %s: read answer: %v", method, path, err)
	}
	return reply{res, string(body)}
}
