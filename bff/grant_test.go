package bff_test

import (
	"io"
	"log/slog"
	"net/http"
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

// clientWith makes a client with grants of its own.
func (s *site) clientWith(name string, grants, scopes []string) *service {
	s.t.Helper()
	c, secret, err := oauth.NewClient(name, grants, scopes, nil, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.CreateClient(c) }); err != nil {
		s.t.Fatal(err)
	}
	return &service{s, c.ID, secret}
}

// TestAClientNeedsAGrantForItsTokens: one that trades users' tokens does not read
// everybody's tasks with its credentials.
func TestAClientNeedsAGrantForItsTokens(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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
			{"the scope of before", nil, []string{"tasks:read", "token:exchange"}, true, true},
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
				s.t.Errorf("%s: got %+v, %v; want scopes that open something", tt.name, stored, err)
			}
		}
		if events := s.events(store.EventTokenIssued); len(events) != 4 {
			s.t.Errorf("got %d events of tokens, want 4", len(events))
		}
	})
}

// TestAClientThatEndsMeanwhileGetsNoToken: it is there when its secret is looked at,
// and gone or with another secret when its token is recorded.
func TestAClientThatEndsMeanwhileGetsNoToken(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		raw := v.userToken()
		// The first look at the clock in a token request compares the old secret's end,
		// after the client was read. This server does nothing else.
		var meanwhile atomic.Pointer[func()]
		server, err := bff.New(t.Context(), cfg, bff.Deps{Store: s.db, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time {
			if do := meanwhile.Swap(nil); do != nil {
				(*do)()
			}
			return s.clock.Now()
		}})
		if err != nil {
			s.t.Fatal(err)
		}
		srv := httptest.NewServer(contract.Watch(t, server.Handler()))
		defer srv.Close()
		racing := *s
		racing.url = srv.URL

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
				for _, used := range []bool{false, true} { // within the minute nothing is noted
					c := s.clientWith(strings.Join([]string{tt.name, grant, map[bool]string{true: "used", false: "new"}[used]}, " "), []string{"credentials", "exchange"}, []string{"tasks:read"})
					c.site = &racing
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
							s.t.Errorf("%s, %s, used %t: a token that was not handed out is in the audit trail", tt.name, grant, used)
						}
					}
				}
			}
		}
	}, func(c *bff.Config) { cfg = *c })
}

// TestASlowTokenRequestIsCheckedAfterItsBody: the head of a request that was sent
// in time, and the rest of it after the client has ended, gets nothing.
func TestASlowTokenRequestIsCheckedAfterItsBody(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.clientWith("held open", nil, []string{"tasks:read"})
		out, in := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+tokenPath, out)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {c.basic()}}
		answered := make(chan answer, 1)
		go func() {
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				answered <- answer{body: err.Error()}
				return
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			answered <- answer{res.StatusCode, res.Header, string(body)}
		}()
		if _, err := io.WriteString(in, "grant_type=client_"); err != nil {
			s.t.Fatal(err)
		}
		if err := s.db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(c.id) }); err != nil {
			s.t.Fatal(err)
		}
		if _, err := io.WriteString(in, "credentials"); err != nil {
			s.t.Fatal(err)
		}
		_ = in.Close()
		s.refused(<-answered, 401, "invalid_client", "Unknown client or wrong secret")
	})
}

// TestASessionThatEndsDuringAnExchangeGetsNoToken ends the user's session at each reading of
// the clock in an exchange. If the session ends before the exchange is in the audit trail,
// no token is handed out.
func TestASessionThatEndsDuringAnExchangeGetsNoToken(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		var atClock atomic.Pointer[func()]
		server, err := bff.New(t.Context(), cfg, bff.Deps{Store: s.db, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time {
			if do := atClock.Load(); do != nil {
				(*do)()
			}
			return s.clock.Now()
		}})
		if err != nil {
			s.t.Fatal(err)
		}
		srv := httptest.NewServer(contract.Watch(t, server.Handler()))
		defer srv.Close()
		racing := *s
		racing.url = srv.URL
		c := s.clientWith("billing", []string{"exchange"}, []string{"tasks:read"})
		c.site = &racing
		v := s.visitor()
		v.signUp("ada@example.com")
		refused := 0
		for at := 1; ; at++ {
			v.signIn("ada@example.com", "paper-lantern-42")
			raw := v.userToken()
			readings, recorded := 0, 0
			before := len(s.events(store.EventTokenExchanged))
			end := func() {
				if readings++; readings != at {
					return
				}
				recorded = len(s.events(store.EventTokenExchanged)) - before
				if a := v.do("POST", "/api/auth/logout", ""); a.status != 200 {
					s.t.Errorf("sign-out: got %d %s", a.status, a.body)
				}
			}
			atClock.Store(&end)
			a := c.exchange(raw)
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
			s.t.Error("no session ended between the check of the session and the record of the exchange")
		}
	}, func(c *bff.Config) { cfg = *c })
}
