package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"vestibule/store"
)

func passwordOf(t *testing.T, d *database, id string) string {
	t.Helper()
	hash, err := d.PasswordHash(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func change(u store.User, old store.Session, next string) passwordChange {
	return passwordChange{UserID: u.ID, Old: "hash of " + u.ID, New: next, Session: newSession(u.ID), Replaces: old.TokenHash, At: base()}
}

func changePasswordCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	other := newSession(u.ID)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(other) }); err != nil {
		t.Fatal(err)
	}
	wrong := change(u, session, "new")
	wrong.Old = "another"
	_, err := changePassword(t.Context(), d, wrong, event("x"))
	wantError(t, "another old password", err, store.ErrConflict)
	if !exists(t, d, session.TokenHash) || passwordOf(t, d, u.ID) != "hash of "+u.ID {
		t.Fatal("a refused change has changed something")
	}

	c := change(u, session, "new")
	ended, err := changePassword(t.Context(), d, c, event(store.EventPasswordChanged))
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) || passwordOf(t, d, u.ID) != "new" {
		t.Errorf("got %v, %v", ended, err)
	}
	if exists(t, d, session.TokenHash) || !exists(t, d, c.Session.TokenHash) || !exists(t, d, other.TokenHash) {
		t.Error("want the session replaced and the other one kept")
	}
	next := change(u, c.Session, "newer")
	next.Old, next.EndOthers = "new", true
	ended, err = changePassword(t.Context(), d, next, event(store.EventPasswordChanged))
	if err != nil || !slices.Equal(ended, []string{c.Session.TokenHash, other.TokenHash}) || exists(t, d, other.TokenHash) || !exists(t, d, next.Session.TokenHash) {
		t.Errorf("got %v, %v; want the others ended too", ended, err)
	}
	if n := trail(t, d, store.EventPasswordChanged, u.ID); n != 2 {
		t.Errorf("got %d events, want 2", n)
	}
}

func changePasswordRaceCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := changePassword(t.Context(), d, change(u, session, "new"), event("x")); err == nil {
				won.Add(1)
			} else {
				wantError(t, "loser", err, store.ErrConflict)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("got %d changes, want 1", won.Load())
	}
	if n := d.CountRows(t, `SELECT count(*) FROM session WHERE "userId" = ?`, u.ID); n != 1 {
		t.Errorf("got %d sessions, want the winner's", n)
	}
}

func setPasswordCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	put(t, d, u, store.PurposeReset)
	ended, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.ResetPassword(u.ID, "set", "", event(store.EventPasswordChanged)) })
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) || exists(t, d, session.TokenHash) || passwordOf(t, d, u.ID) != "set" {
		t.Errorf("got %v, %v", ended, err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM verification WHERE "userId" = ?`, u.ID); n != 0 {
		t.Errorf("got %d links left, want none", n)
	}
	_, err = ending(t.Context(), d, func(tx *store.Tx) error { return tx.ResetPassword("usr_nobody", "set", "", event("x")) })
	wantError(t, "nobody", err, store.ErrNoUser)
}

func firstPasswordCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	d.Exec(t, `DELETE FROM account WHERE "userId" = ?`, u.ID)
	_, err := d.PasswordHash(t.Context(), u.ID)
	wantError(t, "no password", err, store.ErrNotFound)
	if _, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.ResetPassword(u.ID, "first", "", event("x")) }); err != nil {
		t.Fatal(err)
	}
	if got, hash, err := d.CredentialByEmail(t.Context(), u.Email); err != nil || got.ID != u.ID || hash != "first" {
		t.Errorf("got %v %q, %v", got, hash, err)
	}
}

// staleSignInCase has sign-ins that have verified the old password race against a change of
// it.
func staleSignInCase(t *testing.T, d *database) {
	for range 5 {
		u, session := signedUp(t, d)
		old := "hash of " + u.ID
		c := change(u, session, "new")
		c.EndOthers = true
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				err := signIn(t.Context(), d, newSession(u.ID), old)
				if err != nil {
					wantError(t, "sign-in", err, store.ErrConflict)
				}
			})
		}
		wg.Go(func() {
			if _, err := changePassword(t.Context(), d, c, event("x")); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if n := d.CountRows(t, `SELECT count(*) FROM session WHERE "userId" = ?`, u.ID); n != 1 {
			t.Errorf("got %d sessions after the change, want its own alone", n)
		}
		wantError(t, "after the change", signIn(t.Context(), d, newSession(u.ID), old), store.ErrConflict)
		if err := signIn(t.Context(), d, newSession(u.ID), "new"); err != nil {
			t.Errorf("with the new password: %v", err)
		}
	}
}
