package bff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// TestNobodyHasAnAccountFromTheStart: there is no administrator whose password
// everybody knows.
func TestNobodyHasAnAccountFromTheStart(t *testing.T) {
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

// TestAPasswordDoesNotExpire: whoever must change it every month writes it down.
func TestAPasswordDoesNotExpire(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		const credentials = `{"email":"ada@example.com","password":"seven green umbrellas"}`
		v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, "")
		s.clock.Advance(20 * 365 * 24 * time.Hour)
		later := s.visitor()
		later.want(later.do("POST", "/api/auth/sign-in/email", credentials), 200, `{"redirect":false,"token":"ses_`)
	})
}

// TestTheCookieIsAsStrictAsConfigured, when it is set and when it is cleared.
func TestTheCookieIsAsStrictAsConfigured(t *testing.T) {
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

// TestNobodyIsSignedInByAForeignPage: who does not notice that they are in somebody
// else's account writes down there what is their own.
func TestNobodyIsSignedInByAForeignPage(t *testing.T) {
	each(t, func(s *site) {
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
