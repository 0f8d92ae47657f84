package store_test

import (
	"errors"
	"testing"
	"time"

	"vestibule/store"
)

// TestALimitOfZeroSessionsIsNone: the sign-in ends no other session.
func TestALimitOfZeroSessionsIsNone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, first := signedUp(t, d)
		second := newSession(u.ID)
		err := d.Tx(t.Context(), "sign in", func(tx *store.Tx) error {
			return errors.Join(tx.StartSession(second), tx.KeepSessions(0, second, event(store.EventSessionRevoked)))
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]store.Session{"first": first, "second": second} {
			if !exists(t, d, s.TokenHash) {
				t.Errorf("the %s session has ended", name)
			}
		}
	})
}

// TestASignInBeyondTheLimitEndsTheLeastRecentlyUsedSession also checks that it never ends
// the new session, and that expired sessions are deleted first.
func TestASignInBeyondTheLimitEndsTheLeastRecentlyUsedSession(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const limit = 3
		u, first := signedUp(t, d)
		other, otherSession := signedUp(t, d)
		signIn := func(at time.Duration, life time.Duration) (store.Session, []string) {
			t.Helper()
			s := newSession(u.ID)
			s.CreatedAt, s.UpdatedAt, s.ExpiresAt = base().Add(at), base().Add(at), base().Add(at+life)
			e := event(store.EventSessionRevoked)
			e.At = s.CreatedAt
			ended, err := ending(t.Context(), d, func(tx *store.Tx) error {
				if err := tx.StartSession(s); err != nil {
					return err
				}
				if err := tx.RequirePassword(u.ID, "hash of "+u.ID); err != nil {
					return err
				}
				return tx.KeepSessions(limit, s, e)
			})
			if err != nil {
				t.Fatal(err)
			}
			return s, ended
		}
		second, ended := signIn(time.Minute, time.Hour)
		brief, endedToo := signIn(2*time.Minute, time.Second)
		if len(ended)+len(endedToo) != 0 {
			t.Fatalf("got %d sessions ended within the limit", len(ended)+len(endedToo))
		}
		third, ended := signIn(3*time.Minute, time.Hour)
		if len(ended) != 1 || ended[0] != brief.TokenHash || trail(t, d, store.EventSessionRevoked, u.ID) != 0 {
			t.Errorf("got %v ended, want the one that has expired, which is not revoked", ended)
		}
		if ok, err := d.ExtendSession(t.Context(), first.TokenHash, first.UpdatedAt, base().Add(4*time.Minute), base().Add(2*time.Hour)); !ok || err != nil {
			t.Fatalf("extend: %t, %v", ok, err)
		}
		// Its clock is slow, so it was used before all others.
		late, ended := signIn(-time.Hour, 2*time.Hour)
		if len(ended) != 1 || ended[0] != second.TokenHash || trail(t, d, store.EventSessionRevoked, u.ID) != 1 {
			t.Errorf("got %v ended, want the one that was used longest ago", ended)
		}
		for name, s := range map[string]store.Session{"extended": first, "third": third, "new": late, "another user's": otherSession} {
			if !exists(t, d, s.TokenHash) {
				t.Errorf("the %s session has ended", name)
			}
		}
		if n := trail(t, d, store.EventSessionRevoked, other.ID); n != 0 {
			t.Errorf("another user has %d events", n)
		}
	})
}
