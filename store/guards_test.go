package store_test

import (
	"testing"
	"time"

	"vestibule/store"
)

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

// TestAUsedLinkIsInvalid also if its effect was undone.
func TestAUsedLinkIsInvalid(t *testing.T) {
	now := base()
	l := store.Link{User: store.User{Email: "ada@example.com"}}
	l.Purpose, l.Email, l.NewEmail, l.ExpiresAt = store.PurposeChange, "ada@example.com", "new@example.com", now.Add(time.Hour)
	if !l.Good(now) {
		t.Error("got a new link refused")
	}
	l.UsedAt = &now
	if l.Good(now) {
		t.Error("got a used link taken, whose change was undone")
	}
}
