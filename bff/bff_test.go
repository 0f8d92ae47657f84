package bff_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/bff/password"
	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/internal/testlog"
	"vestibule/store"
	"vestibule/store/tasks"
)

// site is a running BFF with its store. Its API answers every request with the Authorization
// header that it got.
type site struct {
	t     *testing.T
	url   string
	mails string // the folder that mails are written to
	db    *store.Store
	clock *testclock.Clock
	log   *testlog.Buffer

	server *bff.Server
}

// each runs a test with a BFF on each database engine.
func each(t *testing.T, test func(*site), change ...func(*bff.Config)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.Store) { test(newSite(t, db, change...)) })
}

// onSQLite is each on one engine, for tests of what the BFF decides by itself: passwords, limits,
// origins, routes, scopes and refusals. Store's conformance cases make each call on both engines.
// Races, several instances and the plain run of each operation need each.
func onSQLite(t *testing.T, test func(*site), change ...func(*bff.Config)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(newSite(t, storetest.SQLite(t), change...)) })
}

func newSite(t *testing.T, db *store.Store, change ...func(*bff.Config)) *site {
	t.Helper()
	s := newIdleSite(t, db, change...)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.server.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return s
}

// newIdleSite is newSite without background work: it sends no mail, and checks streams only
// when a request ends a session. Its clock is ahead of the real one, because PostgreSQL tells
// nobody of a change to a session that has expired by its own clock.
func newIdleSite(t *testing.T, db *store.Store, change ...func(*bff.Config)) *site {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(api.Close)
	s := &site{t: t, db: db, log: &testlog.Buffer{}, clock: testclock.At(time.Date(2095, 2, 3, 4, 5, 6, 789e6, time.UTC))}
	srv := httptest.NewUnstartedServer(nil)
	s.url = "http://" + srv.Listener.Addr().String()
	base, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg := bff.Config{
		BaseURL:           base,
		TrustedOrigins:    []string{"https://app.example.com"},
		Secret:            []byte(strings.Repeat("s", 32)),
		SessionExpiresIn:  7 * 24 * time.Hour,
		SessionUpdateAge:  24 * time.Hour,
		SessionMaxAge:     30 * 24 * time.Hour,
		SessionFreshAge:   10 * time.Minute,
		CookieName:        "better-auth.session_token",
		CookieSameSite:    http.SameSiteLaxMode,
		JWTAlgorithm:      "HS256",
		JWTIssuer:         "better-auth",
		JWTAudience:       "fastapi-backend",
		JWTExpiresIn:      5 * time.Minute,
		PasswordMinLength: 8,
		PasswordParams:    password.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		Mail:              bff.MailConfig{From: netmail.Address{Name: "Test", Address: "no-reply@example.com"}, Folder: t.TempDir()},
		Backend:           backend,
		ProxyBodyLimit:    1 << 20,
		ProxyTimeout:      10 * time.Second,
	}
	for _, c := range change {
		c(&cfg)
	}
	server, err := bff.New(t.Context(), cfg, bff.Deps{
		Store: db, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: s.clock.Now, DeleteRemains: tasks.New(db.DB).DeleteAnyRemains,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mails, s.server = cfg.Mail.Folder, server
	srv.Config.Handler = contract.Watch(t, server.Handler())
	srv.Start()
	t.Cleanup(srv.Close)
	return s
}

// visitor sends requests and has its own cookie jar. It sends the headers of a browser only
// if a test sets them.
type visitor struct {
	*site
	client *http.Client
}

func (s *site) visitor() *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{site: s, client: &http.Client{Jar: jar}}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path, body string, header ...string) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return v.send(r)
}

// doRaw sends this header. A name may have several values.
func (v *visitor) doRaw(method, path, body string, header http.Header) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header = header
	return v.send(r)
}

func (v *visitor) send(r *http.Request) answer {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(data)}
}

func (v *visitor) want(a answer, status int, part string) answer {
	v.t.Helper()
	if a.status != status || !strings.Contains(a.body, part) {
		v.t.Fatalf("got %d %s, want %d with %q", a.status, a.body, status, part)
	}
	return a
}

func (v *visitor) signUp(email string) answer {
	v.t.Helper()
	return v.want(v.do("POST", "/api/auth/signup", `{"email":"`+email+`","password":"paper-lantern-42"}`), 200, email)
}

// cookieLine returns the Set-Cookie header of an answer, or "" if it has none.
func cookieLine(t *testing.T, a answer) string {
	t.Helper()
	lines := a.header.Values("Set-Cookie")
	if len(lines) > 1 {
		t.Fatalf("got %d cookies %q, want one at most", len(lines), lines)
	}
	return strings.Join(lines, "")
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

// ownServer opens a database on a PostgreSQL server that the test can stop.
func ownServer(t *testing.T) (*pgtest.Server, *store.Store) {
	t.Helper()
	server := pgtest.NewServer(t)
	db, err := store.Open(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server, db
}

// own is the password that signUp sets, and another one that replaces it.
const (
	own     = "paper-lantern-42"
	another = "another horse battery"
)

func (s *site) userBy(email string) store.User {
	s.t.Helper()
	u, err := s.db.UserByEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}
