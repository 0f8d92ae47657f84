package bff_test

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/bff/oauth"
	"vestibule/store"
)

// clientWith makes a client with these grants and scopes.
func (s *site) clientWith(name string, grants, scopes []string) *service {
	s.t.Helper()
	return s.newService(name, grants, scopes, nil)
}

// watchClock starts a second server on the same store. It calls beforeReading before each
// reading of its clock.
func (s *site) watchClock(cfg bff.Config, beforeReading func()) *site {
	s.t.Helper()
	server, err := bff.New(s.t.Context(), cfg, bff.Deps{Store: s.db, Log: slog.New(slog.DiscardHandler), Now: func() time.Time {
		beforeReading()
		return s.clock.Now()
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	srv := httptest.NewServer(contract.Watch(s.t, server.Handler()))
	s.t.Cleanup(srv.Close)
	second := *s
	second.url, second.server = srv.URL, server
	return &second
}

// TestAClientNeedsAGrantForItsTokens: a client that may only exchange users' tokens must not
// read every user's tasks with its own credentials.
func TestAClientNeedsAGrantForItsTokens(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		raw := v.userToken()
		for _, tt := range []struct {
			name                  string
			grants, scopes        []string
			credentials, exchange bool
		}{
			{"no grant named", nil, []string{"tasks:read"}, true, false},
			{"credentials", []string{"credentials"}, []string{"tasks:read"}, true, false},
			{"exchange", []string{"exchange"}, []string{"tasks:read", "tasks:write"}, false, true},
			{"both", []string{"exchange", "credentials"}, []string{"tasks:read"}, true, true},
			{"the former scope", nil, []string{"tasks:read", "token:exchange"}, true, true},
		} {
			c := s.clientWith(tt.name, tt.grants, tt.scopes)
			for grant, allowed := range map[string]bool{"credentials": tt.credentials, "exchange": tt.exchange} {
				a := c.ask("grant_type", "client_credentials")
				if grant == "exchange" {
					a = c.exchange(raw)
				}
				if !allowed {
					s.refused(a, 400, "unauthorized_client", "it lacks the grant "+grant)
					continue
				}
				if a.status != 200 {
					s.t.Errorf("%s, %s: got %d %s, want a token", tt.name, grant, a.status, a.body)
				}
			}
			stored, err := s.db.ClientByID(t.Context(), c.id)
			if err != nil || slices.Contains(stored.Scopes, "token:exchange") {
				s.t.Errorf("%s: got %+v, %v; want it without token:exchange", tt.name, stored, err)
			}
		}
		if events := s.events(store.EventTokenIssued); len(events) != 4 {
			s.t.Errorf("got %d events of tokens, want 4", len(events))
		}
	})
}

// TestAClientThatEndsMeanwhileGetsNoToken: the client is deleted, or its secret is rotated,
// after the secret was checked and before the token is recorded.
func TestAClientThatEndsMeanwhileGetsNoToken(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		raw := v.userToken()
		// In a token request, the first reading of the clock is for the comparison with the end
		// of the old secret, after the client was read.
		var meanwhile atomic.Pointer[func()]
		racing := s.watchClock(cfg, func() {
			if do := meanwhile.Swap(nil); do != nil {
				(*do)()
			}
		})

		soon := s.clock.Now().Add(time.Hour)
		rotate := func(keep *time.Time) func(id string) error {
			return func(id string) error {
				_, hash := oauth.NewClientSecret()
				return s.db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.RotateClient(id, hash, keep, s.clock.Now()) })
			}
		}
		for _, tt := range []struct {
			name string
			do   func(id string) error
			want int
		}{
			{"deleted", func(id string) error {
				return s.db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(id) })
			}, 401},
			{"rotated", rotate(nil), 401},
			{"rotated, with the old secret kept", rotate(&soon), 200},
		} {
			for _, grant := range []string{"client_credentials", exchange} {
				for _, used := range []bool{false, true} { // a second use within a minute is not recorded
					c := s.clientWith(strings.Join([]string{tt.name, grant, map[bool]string{true: "used", false: "new"}[used]}, " "), []string{"credentials", "exchange"}, []string{"tasks:read"})
					c.site = racing
					ask := func() answer {
						if grant == exchange {
							return c.exchange(raw)
						}
						return c.ask("grant_type", grant)
					}
					if used {
						s.issued(ask())
					}
					kinds := func() int { return len(s.events(store.EventTokenIssued)) + len(s.events(store.EventTokenExchanged)) }
					before := kinds()
					do := func() {
						if err := tt.do(c.id); err != nil {
							s.t.Error(err)
						}
					}
					meanwhile.Store(&do)
					a := ask()
					if meanwhile.Load() != nil {
						s.t.Fatalf("%s: nothing happened meanwhile", tt.name)
					}
					if a.status != tt.want || (tt.want == 200) != strings.Contains(a.body, "access_token") {
						s.t.Errorf("%s, %s, used %t: got %d %s, want %d", tt.name, grant, used, a.status, a.body, tt.want)
					}
					if tt.want == 401 {
						s.refused(a, 401, "invalid_client", "Unknown client or wrong secret")
						if after := kinds(); after != before {
							s.t.Errorf("%s, %s, used %t: the audit trail has a token that was not issued", tt.name, grant, used)
						}
					}
				}
			}
		}
	}, func(c *bff.Config) { cfg = *c })
}

// endsDuringExchanges lets the client exchange tokens, and ends each at a later reading of the
// clock. If a token ends before its exchange is in the audit trail, no token may be issued.
func (s *service) endsDuringExchanges(cfg bff.Config, token func() (raw string), end func(raw string)) {
	s.t.Helper()
	var atClock atomic.Pointer[func()]
	racing := s.watchClock(cfg, func() {
		if do := atClock.Load(); do != nil {
			(*do)()
		}
	})
	refused := 0
	for at := 1; ; at++ {
		raw, readings, recorded := token(), 0, 0
		before := len(s.events(store.EventTokenExchanged))
		atReading := func() {
			if readings++; readings == at {
				recorded = len(s.events(store.EventTokenExchanged)) - before
				end(raw)
			}
		}
		atClock.Store(&atReading)
		a := (&service{racing, s.id, s.secret}).exchange(raw)
		atClock.Store(nil)
		if readings < at {
			break
		}
		if (a.status == 200) != (recorded == 1) {
			s.t.Errorf("ended at reading %d, when %d exchanges were recorded: got %d %s", at, recorded, a.status, a.body)
		}
		if a.status == 400 && strings.Contains(a.body, "ended a moment ago") {
			refused++
		}
	}
	if refused == 0 {
		s.t.Error("no token ended between its check and the record of the exchange")
	}
}

func TestASessionThatEndsDuringAnExchangeGetsNoToken(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		s.clientWith("billing", []string{"exchange"}, []string{"tasks:read"}).endsDuringExchanges(cfg, func() string {
			v.signIn("ada@example.com", "paper-lantern-42")
			return v.userToken()
		}, func(string) {
			if a := v.do("POST", "/api/auth/logout", ""); a.status != 200 {
				s.t.Errorf("sign-out: got %d %s", a.status, a.body)
			}
		})
	}, func(c *bff.Config) { cfg = *c })
}
