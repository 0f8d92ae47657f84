package bearer

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vestibule/internal/jose"
	"vestibule/internal/testclock"
	"vestibule/internal/testlog"
	"vestibule/internal/web"
)

const (
	tasksRead  = "tasks:read"
	tasksWrite = "tasks:write"
)

var (
	scopes         = []string{tasksRead, tasksWrite}
	previousSecret = []byte("fedcba9876543210fedcba9876543210")
)

// surface is a small API on a real socket: callers with the read scope get [].
type surface struct {
	url   string
	clock *testclock.Clock
	log   *testlog.Buffer
	v     *Verifier
	stop  func() // stops what runs started
}

func sharedSecretConfig() Config {
	return Config{
		Algorithm: jose.HS256,
		Secrets:   [][]byte{testSecret, previousSecret},
		Issuer:    testIssuer,
		Audience:  testAudience,
		Scopes:    scopes,
	}
}

func newSurface(tb testing.TB) *surface {
	tb.Helper()
	return startSurface(tb, sharedSecretConfig())
}

// startSurface starts the API with a clock that stands at noon.
func startSurface(tb testing.TB, cfg Config) *surface {
	tb.Helper()
	s := &surface{clock: testclock.At(noon), log: &testlog.Buffer{}}
	cfg.Scopes, cfg.Now, cfg.Log = scopes, s.clock.Now, slog.New(slog.NewJSONHandler(s.log, nil))
	var err error
	if s.v, err = New(cfg); err != nil {
		tb.Fatalf("New: %v", err)
	}
	list := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") })
	s.url = serve(tb, web.RequestLog{Log: cfg.Log, Surface: "api", Errors: writeDetail}.Wrap(s.v.Protect(tasksRead, list, writeDetail)))
	return s
}

// writeDetail writes only the message of a refusal.
func writeDetail(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Status)
	_, _ = io.WriteString(w, e.Message)
}

// runs starts the fetching of keys, until stop is called or the test ends.
func (s *surface) runs(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.v.Run(ctx)
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

func (s *surface) do(tb testing.TB, method, path, body string, header http.Header) reply {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		tb.Fatalf("request: %v", err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
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
	if r.StatusCode != status || r.body != body {
		tb.Errorf("got %d %s, want %d %s", r.StatusCode, r.body, status, body)
	}
}

// isProblem checks a refusal and its challenge.
func (r reply) isProblem(tb testing.TB, status int, detail string) {
	tb.Helper()
	r.is(tb, status, detail)
	if status != http.StatusUnauthorized {
		return
	}
	challenge := "Bearer" // RFC 6750 §3.1
	if detail != "Not authenticated" {
		challenge = `Bearer error="invalid_token", error_description="` + detail + `"`
	}
	if got := r.Header["Www-Authenticate"]; len(got) != 1 || got[0] != challenge {
		tb.Errorf("WWW-Authenticate: got %q, want %q", got, challenge)
	}
}
