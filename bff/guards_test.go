package bff_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/opaque"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// endlessAPI answers every request with the head of a stream that has no end.
func endlessAPI(t *testing.T) func(*bff.Config) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(api.Close)
	return func(c *bff.Config) { c.Backend, _ = url.Parse(api.URL) }
}

// stream opens one, which is older than the grace of short requests. The channel is
// closed when it has ended.
func (v *visitor) stream() <-chan struct{} {
	v.t.Helper()
	ctx, cancel := context.WithCancel(v.t.Context())
	v.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+"/api/proxy/me/tasks/events", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("got %d, want a stream", res.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}()
	v.clock.Advance(2 * time.Second)
	return ended
}

// TestStreamsEndWithTheRequestThatEndsTheirSession: nothing runs in the background
// here that would find out later.
func TestStreamsEndWithTheRequestThatEndsTheirSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(v, thief *visitor, thiefs string){
		"change-password": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another horse","revokeOtherSessions":true}`), 200, "")
		},
		"delete-user": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`), 200, "")
		},
		"revoke-session": func(v, _ *visitor, thiefs string) {
			v.want(v.do("POST", "/api/auth/revoke-session", `{"token":"`+thiefs+`"}`), 200, "")
		},
		"revoke-other-sessions": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/revoke-other-sessions", "{}"), 200, "")
		},
		"revoke-sessions": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/revoke-sessions", "{}"), 200, "")
		},
		"reset-password": func(v, _ *visitor, _ string) {
			token := v.resetLink("ada@example.com")
			v.want(v.do("POST", "/api/auth/reset-password", `{"token":"`+token+`","newPassword":"another horse"}`), 200, "")
		},
		"sign-out": func(_, thief *visitor, _ string) {
			thief.want(thief.do("POST", "/api/auth/sign-out", "{}"), 200, "")
		},
		"sign-in over it": func(_, thief *visitor, _ string) {
			thief.signIn("ada@example.com", "paper-lantern-42")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.Store) {
				s := newIdleSite(t, db, endlessAPI(t))
				v, thief := s.visitor(), s.visitor()
				v.signUp("ada@example.com")
				thiefs := handle(t, thief.signIn("ada@example.com", "paper-lantern-42"))
				ended := thief.stream()
				end(v, thief, thiefs)
				select {
				case <-ended:
				case <-time.After(10 * time.Second):
					t.Error("the stream of a session that has ended goes on")
				}
			})
		})
	}
}

// resetLink stores a link to a new password, as the outbox does when it sends one.
func (s *site) resetLink(email string) (token string) {
	s.t.Helper()
	token = opaque.NewToken()
	user, err := s.db.UserByEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	now := s.clock.Now()
	err = errors.Join(
		s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error {
			return tx.QueueMail(store.Mail{ID: "mail_reset", Kind: store.MailReset, Recipient: email, CreatedAt: now, DueAt: now})
		}),
		s.db.PutVerification(s.t.Context(), store.Verification{
			ID: "mail_reset", Purpose: store.PurposeReset, TokenHash: opaque.Hash(token), UserID: user.ID, Email: email, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// TestChangesReadTheSessionAgain: a proxied request may go by what was read a
// moment ago, but no request that changes the account or shows its sessions.
func TestChangesReadTheSessionAgain(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		s.server.BelieveFor(time.Hour)
		v.want(v.do("GET", "/api/proxy/me/tasks", ""), 200, "Bearer")
		user, err := s.db.UserByEmail(s.t.Context(), "ada@example.com")
		if err != nil {
			s.t.Fatal(err)
		}
		// Behind the back of this process.
		if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.RevokeSessions(user.ID, "", store.Event{At: s.clock.Now()}) }); err != nil {
			s.t.Fatal(err)
		}
		v.want(v.do("GET", "/api/proxy/me/tasks", ""), 200, "Bearer")
		v.want(v.do("GET", "/api/auth/list-sessions", ""), 401, "UNAUTHORIZED")
	})
}

// TestABusyServerCountsNoFailure: an attempt that was refused because the room was full does
// not count, however often it is repeated.
func TestABusyServerCountsNoFailure(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		empty := s.server.FillPasswordRoom(false)
		for range 61 {
			v.want(v.do("POST", "/api/auth/signup", `{"email":"eve@example.com","password":"paper-lantern-42"}`), 503, "BUSY")
		}
		for range 11 {
			v.want(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 503, "BUSY")
			v.want(v.do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`), 503, "BUSY")
			v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 503, "BUSY")
		}
		empty()
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "")
		v.signIn("ada@example.com", "paper-lantern-42")
		s.visitor().signUp("eve@example.com")
		s.visitor().want(s.visitor().do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`), 401, "")
	})
}

// TestWhatChangesWhileAPasswordIsVerified: that takes its time, and the transaction
// after it finds another world.
func TestWhatChangesWhileAPasswordIsVerified(t *testing.T) {
	t.Parallel()
	const verify, change, signIn = "/api/auth/verify-password", "/api/auth/change-password", "/api/auth/sign-in/email"
	each(t, func(s *site) {
		for i, tt := range []struct {
			name, path string
			by         func(userID string) error
			status     int
			code       string
		}{
			{"the session ends", verify, s.revokeAll, 401, "UNAUTHORIZED"},
			{"the session ends", change, s.revokeAll, 401, "UNAUTHORIZED"},
			{"the password changes", verify, s.otherPassword, 400, "INVALID_PASSWORD"},
			{"the password changes", change, s.otherPassword, 400, "INVALID_PASSWORD"},
			{"the user is deleted", verify, s.deleteUser, 401, "UNAUTHORIZED"},
			{"the user is deleted", change, s.deleteUser, 401, "UNAUTHORIZED"},
			{"the password changes", signIn, s.otherPassword, 401, "INVALID_EMAIL_OR_PASSWORD"},
			{"the user is deleted", signIn, s.deleteUser, 401, "INVALID_EMAIL_OR_PASSWORD"},
		} {
			v := s.visitor()
			email := "ada" + strconv.Itoa(i) + "@example.com"
			v.signUp(email)
			user, err := s.db.UserByEmail(s.t.Context(), email)
			if err != nil {
				s.t.Fatal(err)
			}
			undo := s.server.InterruptVerify(func() {
				if err := tt.by(user.ID); err != nil {
					s.t.Error(err)
				}
			})
			a := v.do("POST", tt.path, map[string]string{
				verify: `{"password":"paper-lantern-42"}`,
				change: `{"currentPassword":"paper-lantern-42","newPassword":"another-horse-43"}`,
				signIn: `{"email":"` + email + `","password":"paper-lantern-42"}`,
			}[tt.path])
			undo()
			if a.status != tt.status || !strings.Contains(a.body, tt.code) || cookieLine(s.t, a) != "" {
				s.t.Errorf("%s during %s: got %d %s %q, want %d %s and no cookie", tt.name, tt.path, a.status, a.body, cookieLine(s.t, a), tt.status, tt.code)
			}
		}
	})
}

func (s *site) revokeAll(userID string) error {
	err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.RevokeSessions(userID, "", store.Event{At: s.clock.Now()}) })
	return err
}

// otherPassword leaves the sessions alone.
func (s *site) otherPassword(userID string) error {
	old, err := s.db.PasswordHash(s.t.Context(), userID)
	if err != nil {
		return err
	}
	return s.db.ReplacePasswordHash(s.t.Context(), userID, old, "another", s.clock.Now())
}

func (s *site) deleteUser(userID string) error {
	err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteUser(userID, store.Event{At: s.clock.Now()}) })
	return err
}

// TestReadingWithoutRefreshExtendsNothing: an app may ask every minute without keeping the
// session alive for ever.
func TestReadingWithoutRefreshExtendsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		ends := func(query string) any {
			a := v.want(v.do("GET", "/api/auth/get-session"+query, ""), 200, "ada@example.com")
			if query != "" && cookieLine(s.t, a) != "" {
				s.t.Errorf("%s: got cookie %q, want none", query, cookieLine(s.t, a))
			}
			return object(s.t, a.body)["session"].(map[string]any)["expiresAt"]
		}
		first := ends("")
		s.clock.Advance(25 * time.Hour)
		if got := ends("?disableRefresh=true"); got != first {
			s.t.Errorf("got the end moved to %v, want it at %v", got, first)
		}
		if got := ends(""); got == first {
			s.t.Error("use does not extend the session")
		}
	})
}

// TestTheRightPasswordClearsTheCounters: who mistypes it now and then is never locked out.
func TestTheRightPasswordClearsTheCounters(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for range 3 { // in one session
			for range 9 {
				v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong horse"}`), 400, "INVALID_PASSWORD")
			}
			v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "")
		}
		for range 3 {
			for range 9 {
				v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"wrong horse"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
			}
			v.signIn("ada@example.com", "paper-lantern-42")
		}
	})
}

// TestUntrustedSendersDoNotChooseTheRequestID: what they do would be found under another's.
func TestUntrustedSendersDoNotChooseTheRequestID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		proxies []netip.Prefix
		want    bool
	}{
		{"a stranger", nil, false},
		{"a trusted proxy", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, true},
	} {
		s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.TrustedProxies = tt.proxies })
		a := s.visitor().do("GET", "/api/auth/ok", "", "X-Request-Id", "chosen-by-the-client")
		if got := a.header.Get("X-Request-Id"); (got == "chosen-by-the-client") != tt.want {
			t.Errorf("%s: got request id %q", tt.name, got)
		}
	}
}
