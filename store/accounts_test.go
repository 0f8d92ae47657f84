package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func accountCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a user's sessions are listed, the latest first":          sessionsOfCase,
		"a session is revoked by its owner alone":                 revokeCase,
		"all sessions but one are revoked":                        revokeAllCase,
		"a user is changed where that was asked for":              updateUserCase,
		"accounts are listed without what proves them":            accountsCase,
		"a password changes with the session":                     changePasswordCase,
		"of two changes of one password one succeeds":             changePasswordRaceCase,
		"no sign-in with the old password outlives its change":    staleSignInCase,
		"a password that is set ends all sessions":                setPasswordCase,
		"a user without a password gets one":                      firstPasswordCase,
		"a deleted user leaves nothing but the trail":             deleteUserCase,
		"a disabled user has no session, whatever rows there are": disabledCase,
		"what is recorded with a change is there with it or not":  togetherCase,
	}
}

func updateUserCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	read := func() store.User {
		_, got, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := read()
	picture := "https://example.com/a.png"
	for _, step := range []struct {
		change store.UserChange
		apply  func()
	}{
		{store.UserChange{Name: new("Augusta")}, func() { want.Name = "Augusta" }},
		{store.UserChange{Image: new(&picture)}, func() { want.Image = &picture }},
		{store.UserChange{Image: new((*string)(nil))}, func() { want.Image = nil }},
	} {
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return recordOf(tx, u.ID, event(store.EventUserUpdated), tx.UpdateUser(u.ID, step.change, base().Add(time.Hour)))
		}); err != nil {
			t.Fatal(err)
		}
		step.apply()
		want.UpdatedAt = kept(time.Hour)
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	wantError(t, "nobody", d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		return recordOf(tx, "usr_nobody", event("x"), tx.UpdateUser("usr_nobody", store.UserChange{Name: new("x")}, base()))
	}), store.ErrNotFound)
}

func accountsCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	d.Exec(t, `INSERT INTO account (id, "accountId", "providerId", "userId", scope, "createdAt", "updatedAt") VALUES (?, '7', 'github', ?, 'user,repo', ?, ?)`,
		"acc_"+u.ID, u.ID, "2026-04-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z")
	got, err := d.AccountsOf(t.Context(), u.ID)
	want := []store.Account{
		{ID: u.ID, AccountID: u.ID, ProviderID: "credential", UserID: u.ID, CreatedAt: kept(0), UpdatedAt: kept(0)},
		{ID: "acc_" + u.ID, AccountID: "7", ProviderID: "github", UserID: u.ID, Scope: "user,repo",
			CreatedAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), UpdatedAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
	}
	want[0].UpdatedAt = kept(0)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func deleteUserCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	created(t, d, newTask(u.ID))
	put(t, d, u, store.PurposeVerify)
	ended, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event(store.EventUserDeleted)) })
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) {
		t.Errorf("got %v, %v", ended, err)
	}
	deleteRemains(t, d)
	for _, rest := range []string{
		`SELECT count(*) FROM "user" WHERE id = ?`, `SELECT count(*) FROM session WHERE "userId" = ?`, `SELECT count(*) FROM account WHERE "userId" = ?`,
		`SELECT count(*) FROM tasks WHERE user_id = ?`, `SELECT count(*) FROM verification WHERE "userId" = ?`,
	} {
		if n := d.CountRows(t, rest, u.ID); n != 0 {
			t.Errorf("%s: got %d, want 0", rest, n)
		}
	}
	if trail(t, d, store.EventUserDeleted, u.ID) != 1 || trail(t, d, store.EventSessionRevoked, u.ID) != 1 {
		t.Error("the trail does not tell of the deletion and the session's end")
	}
	_, err = ending(t.Context(), d, func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event(store.EventUserDeleted)) })
	wantError(t, "twice", err, store.ErrNotFound)
	if n := trail(t, d, store.EventUserDeleted, u.ID); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
}

func disabledCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	d.Exec(t, `UPDATE "user" SET "disabledAt" = ? WHERE id = ?`, "2026-03-01T11:00:00.000Z", u.ID)
	_, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
	wantError(t, "the session of a disabled user", err, store.ErrNotFound)
	live, err := d.LiveSessions(t.Context(), []string{session.TokenHash}, base())
	if err != nil || len(live) != 0 {
		t.Errorf("got live sessions %v, %v; want none", live, err)
	}
	// Sign-in must do the same computation as for others, and only then see it.
	got, _, err := d.CredentialByEmail(t.Context(), u.Email)
	if err != nil || got.DisabledAt == nil || !got.DisabledAt.Equal(time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v, %v; want the day it was disabled", got.DisabledAt, err)
	}
}

func togetherCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	bad := event("x")
	bad.Detail = "a\x00b"
	started := func(e store.Event, s store.Session, replaced ...string) func(*store.Tx) error {
		return func(tx *store.Tx) error { return recordOf(tx, s.UserID, e, tx.StartSession(s, replaced...)) }
	}
	signOut := func(e store.Event, hash string) error {
		return d.Tx(t.Context(), "sign out", func(tx *store.Tx) error { return tx.SignOut(e, hash) })
	}
	wantError(t, "sign-in", d.Tx(t.Context(), "sign in", started(bad, newSession(u.ID), session.TokenHash)), store.ErrInvalidText)
	wantError(t, "sign-out", signOut(bad, session.TokenHash), store.ErrInvalidText)
	v := newUser()
	wantError(t, "sign-up", d.Tx(t.Context(), "sign up", func(tx *store.Tx) error {
		if err := tx.CreateUser(v, "hash"); err != nil {
			return err
		}
		return started(bad, newSession(v.ID))(tx)
	}), store.ErrInvalidText)
	if n := d.CountRows(t, `SELECT count(*) FROM "user" WHERE id = ?`, v.ID); n != 0 || !exists(t, d, session.TokenHash) {
		t.Error("a change is there without its record")
	}
	if err := signOut(event(store.EventSignOut), newHash()); err != nil {
		t.Fatal(err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" IS NULL`, store.EventSignOut); n != 0 {
		t.Error("a sign-out of nobody was recorded")
	}
	if err := signOut(event(store.EventSignOut), session.TokenHash); err != nil {
		t.Fatal(err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ? AND "sessionId" = ?`, store.EventSignOut, u.ID, session.ID); n != 1 {
		t.Errorf("got %d events, want 1 with user and session", n)
	}
}
