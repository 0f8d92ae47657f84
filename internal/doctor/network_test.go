package doctor

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/internal/smtptest"
	"vestibule/internal/storetest"
	"vestibule/internal/tokentest"
)

// silent accepts connections and never answers.
func silent(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// serveWith answers every request, with a clock that is that much ahead.
func serveWith(t *testing.T, ahead time.Duration, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTheBackendAnswers(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + migratedFile(t)
	refusing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(refusing))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for name, tt := range map[string]struct {
		backend string
		state   State
		want    string
	}{
		"any status":                      {serveWith(t, 0, refusing), OK, "answers"},
		"nobody":                          {"http://127.0.0.1:1", Failure, "connection refused"},
		"silence":                         {"http://" + silent(t), Failure, "no answer within 5s"},
		"a certificate of somebody":       {untrusted.URL, Failure, "certificate"},
		"a clock 15 s ahead":              {serveWith(t, 15*time.Second, refusing), Warning, "from 30s on, tokens are refused"},
		"a clock 15 s behind":             {serveWith(t, -15*time.Second, refusing), Warning, "NTP"},
		"a clock a minute and more ahead": {serveWith(t, 90*time.Second, refusing), Failure, "so tokens are refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setting := "BACKEND_URL"
			if tt.state == OK {
				setting = ""
			}
			for _, by := range []settings.Side{settings.ForBFF, settings.ForServe} {
				found := examine(t, by, env(database, settings.Environment{"BACKEND_URL": tt.backend}))
				wantOne(t, found, "backend", tt.state, setting, tt.want)
			}
		})
	}
	if found := examine(t, settings.ForServe, env(database, nil)); len(of(found, "backend")) != 0 {
		t.Errorf("got %+v of a backend inside the process, want nothing", of(found, "backend"))
	}
}

// TestClocksAreComparedToTheSecond: Date has whole seconds, and the answer took a while.
func TestClocksAreComparedToTheSecond(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 3, 1, 12, 0, 0, 900_000_000, time.UTC)
	for _, tt := range []struct {
		date     time.Duration // after asked, cut to the second
		age      string
		took     time.Duration
		want     State
		describe string
	}{
		{0, "", 0, OK, "the same second"},
		{5 * time.Second, "", 0, OK, "4.1 s ahead"},
		{6 * time.Second, "", 0, Warning, "5.1 s ahead"},
		{6 * time.Second, "", 2 * time.Second, OK, "an answer that took long"},
		{-5 * time.Second, "", 0, OK, "4.9 s behind"},
		{-6 * time.Second, "", 0, Warning, "5.9 s behind"},
		{-60 * time.Second, "60", 0, OK, "from a cache"},
		{jose.Skew + time.Second, "", 0, Failure, "as much as tokens allow"},
		{-jose.Skew - time.Second, "", 0, Failure, "the same behind"},
	} {
		header := http.Header{"Date": {asked.Add(tt.date).Format(http.TimeFormat)}}
		if tt.age != "" {
			header.Set("Age", tt.age)
		}
		got := orElse(clocks("X", header, asked, asked.Add(tt.took)), "equal")[0].State
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.describe, got, tt.want)
		}
	}
	if got := clocks("X", http.Header{}, asked, asked); got != nil {
		t.Errorf("got %+v without a Date, want nothing", got)
	}
}

func TestTheKeySetIsFetched(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + migratedFile(t)
	p := &tokentest.Publisher{}
	p.Publishes(tokentest.JWK(t, "key_1", tokentest.NewEdKey(t)))
	good, late := serveWith(t, 0, p.ServeHTTP), serveWith(t, -time.Hour, p.ServeHTTP)
	for name, tt := range map[string]struct {
		url, algorithm string
		state          State
		want           string
	}{
		"a key":                 {good, "EdDSA", OK, "1 key for EdDSA"},
		"for another algorithm": {good, "ES256", Failure, "none of its 1 keys is for the issuer's algorithm"},
		"no key set": {serveWith(t, 0, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }), "EdDSA",
			Failure, "not a JWK set"},
		"nobody":        {"http://127.0.0.1:1/", "EdDSA", Failure, "connection refused"},
		"silence":       {"http://" + silent(t), "EdDSA", Failure, "no answer within 5s"},
		"another clock": {late, "EdDSA", Failure, "whose clock differs by"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setting := "JWKS_URL"
			if tt.state == OK {
				setting = ""
			}
			e := settings.Environment{"DATABASE_URL": database, "JWT_ALGORITHM": tt.algorithm, "JWKS_URL": tt.url}
			wantOne(t, examine(t, settings.ForAPI, e), "jwks", tt.state, setting, tt.want)
			wantOne(t, examine(t, settings.ForServe, env(database, e)), "jwks", tt.state, setting, tt.want)

			issuer := fmt.Sprintf(`[{"issuer":"https://login.example.com","jwks_url":%q,"audience":"tasks","algorithm":%q,"scopes":["tasks:read"]}]`, tt.url, tt.algorithm)
			state, setting := tt.state, "JWT_ISSUERS"
			if state == OK {
				setting = ""
			} else if tt.want != "whose clock differs by" {
				state = Warning // only their services are affected
			}
			found := examine(t, settings.ForAPI, env(database, settings.Environment{"JWT_ISSUERS": issuer}))
			wantOne(t, found, "issuers", state, setting)
		})
	}
	for _, by := range []settings.Side{settings.ForServe, settings.ForBFF} {
		if found := examine(t, by, env(database, settings.Environment{"JWT_ALGORITHM": "EdDSA"})); len(of(found, "jwks")) != 0 {
			t.Errorf("got %+v of keys from inside the process, want nothing", of(found, "jwks"))
		}
	}
}

func TestTheMailServerIsTried(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + migratedFile(t)
	server := &smtptest.Server{User: "app", Password: "hunter2"}
	server.Start(t)
	for name, tt := range map[string]struct {
		url   string
		state State
		want  string
	}{
		"good":             {"smtp://app:hunter2@" + server.Addr, OK, server.Addr + " takes mails"},
		"another password": {"smtp://app:hunter2-@" + server.Addr, Failure, "the password"},
		"nobody":           {"smtp://127.0.0.1:1", Failure, "connection refused"},
		"silence":          {"smtp://" + silent(t), Failure, "no answer within 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setting := "SMTP_URL"
			if tt.state == OK {
				setting = ""
			}
			wantOne(t, examine(t, settings.ForServe, env(database, settings.Environment{"SMTP_URL": tt.url})), "mail", tt.state, setting, tt.want)
		})
	}
}

// TestASilentNetworkHangsNothing: a TCP proxy before the database goes silent, and so is all
// else. Each check ends, and names its setting.
func TestASilentNetworkHangsNothing(t *testing.T) {
	t.Parallel()
	p := storetest.NewProxy(t, storetest.PostgresURL(t), nil)
	p.Freeze()
	begun := time.Now()
	found := examine(t, settings.ForBFF, env(p.URL, settings.Environment{"BACKEND_URL": "http://" + silent(t), "SMTP_URL": "smtp://" + silent(t)}))
	for check, setting := range map[string]string{"database": "DATABASE_URL", "backend": "BACKEND_URL", "mail": "SMTP_URL"} {
		wantOne(t, found, check, Failure, setting, "answer")
	}
	t.Logf("all checks took %s", time.Since(begun))

	direct := storetest.PostgresURL(t)
	listen := storetest.NewProxy(t, direct, nil)
	listen.Freeze()
	found = examine(t, settings.ForBFF, env(direct, settings.Environment{"DATABASE_LISTEN_URL": listen.URL}))
	wantOne(t, found, "notifications", Failure, "DATABASE_LISTEN_URL", "cannot be used")
	if strings.Contains(found[0].Text(), listen.URL) {
		t.Error("got the URL")
	}
}
