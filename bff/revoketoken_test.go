package bff_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/bff"
	"vestibule/internal/jose"
	"vestibule/store"
	"vestibule/store/db"
)

// revoke revokes a token, or what is not one.
func (s *service) revoke(raw string) {
	s.t.Helper()
	if a := s.present(revokePath, raw); a.status != 200 || a.body != "" || a.header.Get("Cache-Control") != "no-store" {
		s.t.Errorf("got %d %q", a.status, a.body)
	}
}

func TestRevokedTokens(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		second := s.watchClock(cfg, func() {}) // as after a restart, or beside this one
		v := s.visitor()
		v.signUp("ada@example.com")
		users := v.userToken()
		api := s.newService("the API", []string{"exchange"}, nil, nil)
		c := s.newService("caller", []string{"credentials", "exchange"}, []string{"tasks:read"}, nil)
		next := s.newService("next", []string{"exchange"}, []string{"tasks:read"}, nil)
		own, _, _ := s.issued(c.ask("grant_type", "client_credentials"))
		other, _, _ := s.issued(c.ask("grant_type", "client_credentials"))
		exchanged, _, _ := s.issued(c.exchange(users))
		s.issued(next.exchange(exchanged))

		c.revoke(own)
		c.revoke(own)
		c.revoke(exchanged)
		elsewhere := &service{second, api.id, api.secret}
		for _, at := range []*service{api, elsewhere} {
			at.inactive("a revoked token", own)
			at.inactive("a revoked exchanged token", exchanged)
			at.active("another token", other)
			at.active("the user's token", users)
		}
		s.refused(next.exchange(exchanged), 400, "invalid_request", "it was revoked")
		s.refused((&service{second, next.id, next.secret}).exchange(exchanged), 400, "invalid_request", "it was revoked")
		s.issued(next.exchange(users))

		events := s.events(store.EventTokenRevoked)
		if len(events) != 2 || events[0].ClientID != c.id || events[0].Actor != store.ActorClient || events[0].UserID != "" ||
			events[1].UserID == "" || events[1].SessionID == "" || !strings.Contains(events[1].Detail, "for fastapi-backend, until ") {
			s.t.Errorf("got events %+v", events)
		}

		// It is forgotten when every clock says that the token has expired.
		token, err := jose.Parse(own)
		if err != nil {
			s.t.Fatal(err)
		}
		gone := s.clock.Now().Truncate(time.Second).Add(6 * time.Minute)
		for _, want := range []bool{true, false} {
			s.clock.Set(gone.Add(-time.Millisecond))
			if !want {
				s.clock.Set(gone)
			}
			if err := bff.Prune(s.server, s.t.Context()); err != nil {
				s.t.Fatal(err)
			}
			if got, err := s.db.TokenRevoked(s.t.Context(), token.Digest()); got != want || err != nil {
				s.t.Errorf("got %t, %v, want the revocation kept: %t", got, err, want)
			}
		}
	}, func(c *bff.Config) { cfg = *c })
}

// TestOnlyItsClientRevokesAToken: another one, which may be hostile, cannot.
func TestOnlyItsClientRevokesAToken(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		users := v.userToken()
		api := s.newService("the API", []string{"exchange"}, nil, nil)
		c := s.newService("caller", []string{"credentials", "exchange"}, []string{"tasks:read"}, nil)
		hostile := s.newService("hostile", []string{"credentials", "exchange"}, []string{"tasks:read"}, nil)
		own, _, _ := s.issued(c.ask("grant_type", "client_credentials"))
		exchanged, _, _ := s.issued(c.exchange(users))
		chained, _, _ := s.issued(hostile.exchange(exchanged))
		for name, raw := range map[string]string{"another's own token": own, "another's exchanged token": exchanged, "a user's token": users} {
			s.refused(hostile.present(revokePath, raw), 400, "unauthorized_client", "not given to this client")
			api.active(name, raw)
		}
		hostile.revoke(chained)
		api.active("what the revoked one was exchanged for", exchanged)
		for _, raw := range []string{"x", users[:len(users)-6] + "AAAAAA"} {
			hostile.revoke(raw)
		}
		s.clock.Advance(5 * time.Minute)
		hostile.revoke(own) // expired: nobody needs to be told whose it was
		if events := s.events(store.EventTokenRevoked); len(events) != 1 {
			s.t.Errorf("got events %+v, want one", events)
		}
	})
}

// TestAClientThatEndsMeanwhileRevokesNothing: it is deleted after its secret was checked.
func TestAClientThatEndsMeanwhileRevokesNothing(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		c := s.service("caller", "tasks:read")
		raw, _, _ := s.issued(c.ask("grant_type", "client_credentials")) // its use is not stored again within a minute
		var atClock atomic.Pointer[func()]
		racing := s.watchClock(cfg, func() {
			if do := atClock.Swap(nil); do != nil {
				(*do)()
			}
		})
		end := func() {
			if err := s.db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(c.id) }); err != nil {
				s.t.Error(err)
			}
		}
		atClock.Store(&end)
		s.refused((&service{racing, c.id, c.secret}).present(revokePath, raw), 401, "invalid_client", "Unknown client")
		if events := s.events(store.EventTokenRevoked); len(events) != 0 {
			s.t.Errorf("got events %+v", events)
		}
	}, func(c *bff.Config) { cfg = *c })
}

// TestRevocationsOfAClientAreBounded: a client can get any number of tokens.
func TestRevocationsOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("caller", "tasks:read")
		var rows []any
		for i := range 1000 {
			rows = append(rows, strings.Repeat("0", 60)+strconv.Itoa(1000+i), c.id, s.clock.Now().Add(time.Minute))
		}
		err := s.db.DB.Tx(s.t.Context(), "test", func(ctx context.Context, q db.Querier) error { // at once: a transaction has a time limit
			_, err := q.Exec(ctx, `INSERT INTO revoked (token, "clientId", "expiresAt") VALUES (?, ?, ?)`+strings.Repeat(", (?, ?, ?)", 999), rows...)
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
		raw, _, _ := s.issued(c.ask("grant_type", "client_credentials"))
		a := c.present(revokePath, raw)
		s.refused(a, 429, "temporarily_unavailable", "still valid")
		if a.header.Get("Retry-After") == "" {
			s.t.Error("got no Retry-After")
		}
		c.active("the token that was not revoked", raw)
		s.clock.Advance(time.Minute)
		c.revoke(raw)
		c.inactive("the token", raw)
	})
}

// TestATokenThatNeverExpiresIsRevoked: whoever has the secret of HS256 can make one that expires
// at the end of the last year that SQLite can hold.
func TestATokenThatNeverExpiresIsRevoked(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("caller", "tasks:read")
		raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "better-auth", "aud": "fastapi-backend", "sub": c.id,
			"client_id": c.id, "exp": jose.MaxDate}).SignedString([]byte(strings.Repeat("s", 32)))
		if err != nil {
			s.t.Fatal(err)
		}
		c.active("the token", raw)
		c.revoke(raw)
		c.inactive("the token", raw)
	})
}

func TestATokenThatIsRevokedDuringAnExchange(t *testing.T) {
	t.Parallel()
	var cfg bff.Config
	each(t, func(s *site) {
		first := s.newService("first", []string{"exchange"}, []string{"tasks:read"}, nil)
		second := s.newService("second", []string{"exchange"}, []string{"tasks:read"}, nil)
		v := s.visitor()
		v.signUp("ada@example.com")
		second.endsDuringExchanges(cfg, func() string {
			raw, _, _ := s.issued(first.exchange(v.userToken()))
			return raw
		}, first.revoke)
	}, func(c *bff.Config) { cfg = *c })
}
