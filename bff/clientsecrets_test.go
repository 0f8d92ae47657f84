package bff_test

import (
	"testing"
	"time"

	"vestibule/bff/oauth"
	"vestibule/store"
)

// TestWrongSecretsAreLimitedAndRightOnesPass: guesses do not lock a service out.
func TestWrongSecretsAreLimitedAndRightOnesPass(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		s.server.DelayNothing()
		c := s.service("reports", "tasks:read")
		wrong := &service{s, c.id, "vcs_wrong"}
		for range 10 {
			s.refused(wrong.ask("grant_type", "client_credentials"), 401, "invalid_client", "wrong secret")
		}
		a := wrong.ask("grant_type", "client_credentials")
		s.refused(a, 429, "temporarily_unavailable", "Too many")
		if a.header.Get("Retry-After") == "" {
			s.t.Error("got no Retry-After")
		}
		s.issued(c.ask("grant_type", "client_credentials"))
		// Attempts above the limit cause no event: the audit trail must not grow without a bound.
		events := s.events(store.EventClientFailed)
		if len(events) != 10 || events[0].ClientID != c.id || events[0].Detail != "wrong secret" || events[0].IPAddress == "" {
			s.t.Errorf("got %d events, the first of them %+v", len(events), events[0])
		}
		// An unknown client is counted and recorded too. A malformed id is left out of the event:
		// it could be a secret.
		s.refused((&service{s, "svc_nobody", "x"}).ask("grant_type", "client_credentials"), 401, "invalid_client", "wrong secret")
		s.refused((&service{s, c.secret, "x"}).ask("grant_type", "client_credentials"), 401, "invalid_client", "wrong secret")
		events = s.events(store.EventClientFailed)[10:]
		if len(events) != 2 || events[0].ClientID != "svc_nobody" || events[0].Detail != "unknown client" || events[1].ClientID != "" {
			s.t.Errorf("got events %+v", events)
		}
		for i := range 100 {
			(&service{s, "svc_guess" + string(rune('a'+i%26)) + string(rune('a'+i/26)), "x"}).ask("grant_type", "client_credentials")
		}
		s.refused((&service{s, "svc_another", "x"}).ask("grant_type", "client_credentials"), 429, "temporarily_unavailable", "Too many")
		s.issued(c.ask("grant_type", "client_credentials"))
	})
}

func TestARotatedSecretEndsAtTheChosenTime(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("reports", "tasks:read")
		rotate := func(keep *time.Time) *service {
			secret, hash := oauth.NewClientSecret()
			if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.RotateClient(c.id, hash, keep, s.clock.Now()) }); err != nil {
				s.t.Fatal(err)
			}
			return &service{s, c.id, secret}
		}
		second := rotate(new(s.clock.Now().Add(time.Hour)))
		s.issued(c.ask("grant_type", "client_credentials"))
		s.issued(second.ask("grant_type", "client_credentials"))
		s.clock.Advance(time.Hour)
		s.refused(c.ask("grant_type", "client_credentials"), 401, "invalid_client", "")
		s.issued(second.ask("grant_type", "client_credentials"))

		third := rotate(nil)
		s.refused(second.ask("grant_type", "client_credentials"), 401, "invalid_client", "")
		s.issued(third.ask("grant_type", "client_credentials"))

		// The stored hash is not a secret that works.
		row, err := s.db.ClientByID(s.t.Context(), c.id)
		if err != nil {
			s.t.Fatal(err)
		}
		s.refused((&service{s, c.id, row.SecretHash}).ask("grant_type", "client_credentials"), 401, "invalid_client", "")

		if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(c.id) }); err != nil {
			s.t.Fatal(err)
		}
		s.refused(third.ask("grant_type", "client_credentials"), 401, "invalid_client", "")
	})
}
