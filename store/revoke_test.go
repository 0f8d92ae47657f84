package store_test

import (
	"slices"
	"testing"
	"time"

	"vestibule/store"
)

func sessionsOfCase(t *testing.T, d *database) {
	u, first := signedUp(t, d)
	signedUp(t, d)
	later := newSession(u.ID)
	later.CreatedAt = base().Add(time.Minute)
	expired := newSession(u.ID)
	expired.ExpiresAt = base().Add(time.Minute)
	for _, s := range []store.Session{later, expired} {
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(s) }); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.SessionsOf(t.Context(), u.ID, base().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range got {
		ids = append(ids, s.ID)
	}
	if want := []string{later.ID, first.ID}; !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}

func revokeCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	other, _ := signedUp(t, d)
	_, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSession(other.ID, session.ID, event("x")) })
	wantError(t, "somebody else's session", err, store.ErrNotFound)
	_, err = ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSession(u.ID, session.TokenHash, event("x")) })
	wantError(t, "the hash in place of the handle", err, store.ErrNotFound)
	if !exists(t, d, session.TokenHash) || trail(t, d, store.EventSessionRevoked, u.ID) != 0 {
		t.Fatal("a refused revocation has changed something")
	}
	ended, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSession(u.ID, session.ID, event("x")) })
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) || exists(t, d, session.TokenHash) {
		t.Errorf("got %q, %v; want the session's hash and no session", ended, err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ? AND "sessionId" = ? AND "requestId" = 'r1'`, store.EventSessionRevoked, u.ID, session.ID); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
}

func revokeAllCase(t *testing.T, d *database) {
	u, kept := signedUp(t, d)
	_, others := signedUp(t, d)
	var want []string
	for range 3 {
		s := newSession(u.ID)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(s) }); err != nil {
			t.Fatal(err)
		}
		want = append(want, s.TokenHash)
	}
	got, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSessions(u.ID, kept.TokenHash, event("x")) })
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if !exists(t, d, kept.TokenHash) || !exists(t, d, others.TokenHash) || exists(t, d, want[0]) {
		t.Error("the wrong sessions have ended")
	}
	if n := trail(t, d, store.EventSessionRevoked, u.ID); n != 3 {
		t.Errorf("got %d events, want one for each of 3 sessions", n)
	}
}

// TestASecretOfARevokedOwnSessionIsRemembered: late answers to its browser must not clear a
// newer cookie. The secret of another session is not remembered.
func TestASecretOfARevokedOwnSessionIsRemembered(t *testing.T) {
	for _, v := range variants()[:2] {
		t.Run(v.Name, func(t *testing.T) {
			d := migrated(t, v)
			u, own := signedUp(t, d)
			other := newSession(u.ID)
			if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(other) }); err != nil {
				t.Fatal(err)
			}
			e := event(store.EventSessionRevoked)
			e.UserID, e.SessionID = u.ID, own.ID
			if _, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSessions(u.ID, "", e) }); err != nil {
				t.Fatal(err)
			}
			for hash, want := range map[string]bool{own.TokenHash: true, other.TokenHash: false} {
				if got, err := d.WasReplaced(t.Context(), hash, base()); err != nil || got != want {
					t.Errorf("got %t, %v, want %t", got, err, want)
				}
			}
		})
	}
}
