package bff_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store"
)

// signIn signs an existing user in.
func (v *visitor) signIn(email, password string) answer {
	v.t.Helper()
	return v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"`+email+`","password":"`+password+`"}`), 200, email)
}

// handle returns the session's handle, which is the token in an answer.
func handle(t *testing.T, a answer) string {
	t.Helper()
	got, _ := object(t, a.body)["token"].(string)
	if !strings.HasPrefix(got, "ses_") {
		t.Fatalf("got %s, want a session handle as token", a.body)
	}
	return got
}

// signedIn reports whether the visitor's cookie has a live session.
func (v *visitor) signedIn() bool {
	v.t.Helper()
	proxied := v.do("GET", "/api/proxy/x", "").status == 200
	if session := v.want(v.do("GET", "/api/auth/get-session", ""), 200, "").body != "null"; session != proxied {
		v.t.Fatalf("got a session: %t, but the proxy accepts it: %t", session, proxied)
	}
	return proxied
}

func (v *visitor) sessions() []map[string]any {
	v.t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(v.want(v.do("GET", "/api/auth/list-sessions", ""), 200, "").body), &list); err != nil {
		v.t.Fatal(err)
	}
	return list
}

// events returns the events of a type, the oldest first.
func (s *site) events(kind string) []store.Event {
	s.t.Helper()
	found, err := s.db.Events(s.t.Context(), store.EventFilter{Type: kind}, 10_000)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}

func TestListSessions(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		first, second, other := s.visitor(), s.visitor(), s.visitor()
		one := handle(t, first.signUp("ada@example.com"))
		s.clock.Set(s.clock.Now().Add(time.Minute))
		two := handle(t, second.signIn("ada@example.com", "paper-lantern-42"))
		other.signUp("eve@example.com")
		list := second.sessions()
		if len(list) != 2 || list[0]["token"] != two || list[1]["token"] != one {
			s.t.Errorf("got %v, want %s and %s", list, two, one)
		}
		for _, field := range []string{"expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId", "id"} {
			if _, ok := list[0][field]; !ok {
				s.t.Errorf("got %v, want %s in it", list[0], field)
			}
		}
		s.clock.Set(s.clock.Now().Add(7*24*time.Hour - 30*time.Second)) // the first has expired
		if list := second.sessions(); len(list) != 1 || list[0]["token"] != two {
			s.t.Errorf("got %v, want %s alone", list, two)
		}
	})
}

func TestRevokeSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		here, there, other := s.visitor(), s.visitor(), s.visitor()
		here.signUp("ada@example.com")
		far := handle(t, there.signIn("ada@example.com", "paper-lantern-42"))
		foreign := handle(t, other.signUp("eve@example.com"))

		for name, body := range map[string]string{
			"somebody else's": `{"token":"` + foreign + `"}`,
			"unknown":         `{"token":"ses_nobody"}`,
			"empty":           `{"token":""}`,
		} {
			a := here.want(here.do("POST", "/api/auth/revoke-session", body), 200, `{"status":true}`)
			if line := cookieLine(t, a); line != "" || !other.signedIn() || !here.signedIn() || !there.signedIn() {
				s.t.Errorf("%s handle: somebody was signed out (cookie %q)", name, line)
			}
		}
		here.want(here.do("POST", "/api/auth/revoke-session", `{}`), 400, "VALIDATION_ERROR")
		here.want(here.do("POST", "/api/auth/revoke-session", `{"token":1}`), 400, "[body.token]")

		a := here.want(here.do("POST", "/api/auth/revoke-session", `{"token":"`+far+`"}`), 200, `{"status":true}`)
		if line := cookieLine(t, a); line != "" || there.signedIn() || !here.signedIn() {
			s.t.Errorf("got cookie %q; there: %t, here: %t", line, there.signedIn(), here.signedIn())
		}
		own := here.sessions()[0]["token"].(string)
		a = here.want(here.do("POST", "/api/auth/revoke-session", `{"token":"`+own+`"}`), 200, `{"status":true}`)
		if line := cookieLine(t, a); !strings.Contains(line, "Max-Age=0") || here.signedIn() {
			s.t.Errorf("got cookie %q, want it cleared and nobody signed in", line)
		}
		events := s.events(store.EventSessionRevoked)
		if len(events) != 2 || events[0].SessionID != far || events[1].SessionID != own || events[0].RequestID == "" || events[0].IPAddress != "127.0.0.1" {
			s.t.Errorf("got events %+v", events)
		}
	})
}

func TestRevokeSessions(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		a, b, c, other := s.visitor(), s.visitor(), s.visitor(), s.visitor()
		a.signUp("ada@example.com")
		b.signIn("ada@example.com", "paper-lantern-42")
		c.signIn("ada@example.com", "paper-lantern-42")
		other.signUp("eve@example.com")
		// Without a body, as curl sends it. The second request has the {} of the client library.
		if got := a.want(a.do("POST", "/api/auth/revoke-other-sessions", ""), 200, `{"status":true}`); cookieLine(t, got) != "" {
			s.t.Errorf("got cookie %q, want none", cookieLine(t, got))
		}
		if !a.signedIn() || b.signedIn() || c.signedIn() || !other.signedIn() {
			s.t.Errorf("signed in: %t %t %t %t, want the first and the last", a.signedIn(), b.signedIn(), c.signedIn(), other.signedIn())
		}
		b.signIn("ada@example.com", "paper-lantern-42")
		if got := a.want(a.do("POST", "/api/auth/revoke-sessions", "{}"), 200, `{"status":true}`); !strings.Contains(cookieLine(t, got), "Max-Age=0") {
			s.t.Errorf("got cookie %q, want it cleared", cookieLine(t, got))
		}
		if a.signedIn() || b.signedIn() || !other.signedIn() {
			s.t.Errorf("signed in: %t %t %t, want the last", a.signedIn(), b.signedIn(), other.signedIn())
		}
	})
}

// TestOperationsThatNeedASession: without a session the answer reveals nothing, not even what
// is wrong with the body.
func TestOperationsThatNeedASession(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		former := s.visitor()
		former.signUp("ada@example.com")
		endedCookie := former.cookieHeader()
		id := object(t, former.do("GET", "/api/auth/get-session", "").body)["user"].(map[string]any)["id"].(string)
		err := s.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return tx.RevokeSessions(id, "", store.Event{At: s.clock.Now(), Actor: store.ActorOperator})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"GET /list-sessions", "GET /list-accounts", "POST /revoke-session", "POST /revoke-sessions", "POST /revoke-other-sessions",
			"POST /update-user", "POST /change-password", "POST /verify-password", "POST /change-email", "POST /delete-user",
		} {
			method, name, _ := strings.Cut(path, " ")
			s.t.Run(path, func(t *testing.T) {
				body := ""
				if method == "POST" {
					body = `{"token":`
				}
				stranger := s.visitor()
				a := stranger.want(stranger.do(method, "/api/auth"+name, body), 401, `"code":"UNAUTHORIZED"`)
				if line := cookieLine(t, a); line != "" {
					t.Errorf("got cookie %q, want none", line)
				}
				forged := stranger.want(stranger.do(method, "/api/auth"+name, body, "Cookie", "better-auth.session_token=abc.def"), 401, "UNAUTHORIZED")
				if line := cookieLine(t, forged); line != "" {
					t.Errorf("a forged cookie: got %q, want it ignored", line)
				}
				ended := stranger.want(stranger.do(method, "/api/auth"+name, body, "Cookie", endedCookie), 401, "UNAUTHORIZED")
				if line := cookieLine(t, ended); !strings.Contains(line, "Max-Age=0") {
					t.Errorf("an ended session: got cookie %q, want it cleared", line)
				}
				if method == "POST" {
					stranger.want(stranger.do(method, "/api/auth"+name, "{}", "Origin", "https://evil.example"), 403, "INVALID_ORIGIN")
				}
			})
		}
	})
}

// TestChangesReadTheSessionAgain: a proxied request may use the cached session. A request that
// changes the account or lists its sessions may not.
func TestChangesReadTheSessionAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newIdleSite(t, db) // nothing tells it of the change
		s.server.CacheSessionsFor(time.Hour)
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("GET", "/api/proxy/me/tasks", ""), 200, "Bearer")
		// Directly in the store, as another process does it.
		if err := s.revokeAll(s.userBy("ada@example.com").ID); err != nil {
			s.t.Fatal(err)
		}
		v.want(v.do("GET", "/api/proxy/me/tasks", ""), 200, "Bearer")
		v.want(v.do("GET", "/api/auth/list-sessions", ""), 401, "UNAUTHORIZED")
	})
}
