package bff_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/store"
)

// TestANewDatabaseHasNoAccounts: there is no administrator with a default password.
func TestANewDatabaseHasNoAccounts(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		users, err := s.db.Users(t.Context(), store.UserFilter{}, "", 1)
		if err != nil || len(users) != 0 {
			s.t.Errorf("got users %+v, %v in a new database, want none", users, err)
		}
		clients, err := s.db.Clients(t.Context())
		if err != nil || len(clients) != 0 {
			s.t.Errorf("got clients %+v, %v in a new database, want none", clients, err)
		}
	})
}

// TestAPasswordDoesNotExpire: users who must change it often write it down.
func TestAPasswordDoesNotExpire(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		const credentials = `{"email":"ada@example.com","password":"seven green umbrellas"}`
		v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, "")
		s.clock.Advance(20 * 365 * 24 * time.Hour)
		later := s.visitor()
		later.want(later.do("POST", "/api/auth/sign-in/email", credentials), 200, `{"redirect":false,"token":"ses_`)
	})
}

// TestTheCookieIsAsStrictAsConfigured: when it is set and when it is cleared.
func TestTheCookieIsAsStrictAsConfigured(t *testing.T) {
	t.Parallel()
	for mode, want := range map[http.SameSite]string{http.SameSiteLaxMode: "Lax", http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None"} {
		s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
			c.BaseURL = &url.URL{Scheme: "https", Host: "app.example.com"}
			c.CookieName, c.CookieSameSite = "__Host-better-auth.session_token", mode
		})
		v := s.visitor()
		set := v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"seven green umbrellas"}`), 200, "")
		cleared := v.want(v.do("POST", "/api/auth/sign-out", ""), 200, "")
		for name, a := range map[string]answer{"set": set, "cleared": cleared} {
			if line := cookieLine(t, a); !strings.HasSuffix(line, "; HttpOnly; Secure; SameSite="+want) {
				t.Errorf("%s: got %s cookie %q", want, name, line)
			}
		}
	}
}

// TestAForeignPageCannotSignABrowserIn: a user could be signed in to an attacker's account
// without noticing, and enter private data there.
func TestAForeignPageCannotSignABrowserIn(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		const credentials = `{"email":"eve@example.com","password":"seven green umbrellas"}`
		s.visitor().want(s.visitor().do("POST", "/api/auth/sign-up/email", credentials), 200, "")
		for name, header := range map[string][]string{
			"another origin":    {"Origin", "https://evil.example"},
			"null":              {"Origin", "null"},
			"another's Referer": {"Referer", "https://evil.example/"},
			"cross-site":        {"Sec-Fetch-Site", "cross-site"},
			"a sibling":         {"Sec-Fetch-Site", "same-site"},
		} {
			for _, path := range []string{"/api/auth/sign-in/email", "/api/auth/login", "/api/auth/sign-up/email", "/api/auth/signup"} {
				v := s.visitor()
				a := v.do("POST", path, credentials, header...)
				if a.status != 403 || !strings.Contains(a.body, "INVALID_ORIGIN") || cookieLine(t, a) != "" || v.signedIn() {
					s.t.Errorf("%s, %s: got %d %s, cookie %q", name, path, a.status, a.body, cookieLine(t, a))
				}
			}
		}
	})
}

// TestOnlyTheSecretIsRequired: everything else has its documented default.
func TestOnlyTheSecretIsRequired(t *testing.T) {
	t.Parallel()
	if got := bff.Defaults().Mail.From.Address; got != "no-reply@localhost" {
		t.Errorf("got mails from %s", got)
	}
	clock := testclock.At(time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
	var sent *http.Request
	server, err := bff.New(t.Context(), bff.Config{Secret: []byte(strings.Repeat("s", 32))}, bff.Deps{
		Store: storetest.SQLite(t), Log: slog.New(slog.DiscardHandler), Now: clock.Now,
		Upstream: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return nil, err
				}
			}
			sent = r
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	do := func(method, path, body, cookie string) *http.Response {
		t.Helper()
		r := httptest.NewRequest(method, "http://localhost:3000"+path, strings.NewReader(body))
		r.Header.Set("Origin", "http://localhost:3000")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, r)
		return w.Result()
	}

	const signUp = `{"email":"ada@example.com","password":%q}`
	if got := do("POST", "/api/auth/signup", fmt.Sprintf(signUp, "shorter"), ""); got.StatusCode != 400 {
		t.Errorf("got %d for a password of 7 characters, want 400", got.StatusCode)
	}
	res := do("POST", "/api/auth/signup", fmt.Sprintf(signUp, "mossy-42"), "")
	if res.StatusCode != 200 || len(res.Cookies()) != 1 {
		t.Fatalf("got %d with cookies %v", res.StatusCode, res.Cookies())
	}
	c := res.Cookies()[0]
	if c.Name != "better-auth.session_token" || c.MaxAge != 7*24*60*60 || c.SameSite != http.SameSiteLaxMode || c.Secure {
		t.Errorf("got cookie %v", c)
	}
	cookie := c.Name + "=" + c.Value

	if got := do("GET", "/api/proxy/x", "", cookie); got.StatusCode != 200 || sent == nil {
		t.Fatalf("got %d from the API", got.StatusCode)
	}
	if got := sent.URL.String(); got != "http://localhost:8000/api/x" {
		t.Errorf("got a request to %s", got)
	}
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(strings.TrimPrefix(sent.Header.Get("Authorization"), "Bearer "), claims,
		func(*jwt.Token) (any, error) { return []byte(strings.Repeat("s", 32)), nil },
		jwt.WithTimeFunc(clock.Now), jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("better-auth"), jwt.WithAudience("fastapi-backend"))
	if err != nil || claims["exp"].(float64)-claims["iat"].(float64) != 300 {
		t.Errorf("got claims %v, %v", claims, err)
	}
	if got := do("PUT", "/api/proxy/x", strings.Repeat("x", 10<<20+1), cookie); got.StatusCode != 413 {
		t.Errorf("got %d for a body of more than 10 MiB, want 413", got.StatusCode)
	}

	clock.Advance(7 * 24 * time.Hour)
	if got := do("GET", "/api/proxy/x", "", cookie); got.StatusCode != 401 {
		t.Errorf("got %d after seven days, want 401", got.StatusCode)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
