package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func userCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a new user has a credential and a session":                   newUserCase,
		"sign-up ends the session presented with it":                  signUpReplacesCase,
		"an address that is taken is refused and nothing changes":     takenAddressCase,
		"of many sign-ups with one address one succeeds":              signUpRaceCase,
		"no credential for an unknown address or a user without one":  noCredentialCase,
		"a password hash is replaced only if it is still the old one": replaceHashCase,
		"deleting a user deletes everything of theirs":                cascadeCase,
	}
}

func newUserCase(t *testing.T, d *database) {
	picture := "https://example.com/ada.png"
	u := newUser()
	u.EmailVerified, u.Image = true, &picture
	session := newSession(u.ID)
	if err := signUp(t.Context(), d, u, "$argon2id$…", session); err != nil {
		t.Fatalf("create user: %v", err)
	}
	want := u
	want.CreatedAt, want.UpdatedAt = kept(0), kept(time.Second)

	got, hash, err := d.CredentialByEmail(t.Context(), u.Email)
	if err != nil {
		t.Fatalf("credential: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("user by e-mail (-want +got):\n%s", diff)
	}
	if hash != "$argon2id$…" {
		t.Errorf("password hash: got %q", hash)
	}
	_, got, err = d.SessionByTokenHash(t.Context(), session.TokenHash)
	if err != nil {
		t.Fatalf("session: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("user of the session (-want +got):\n%s", diff)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM account WHERE "userId" = ? AND "accountId" = ? AND "providerId" = 'credential'`, u.ID, u.ID); n != 1 {
		t.Errorf("credential accounts: got %d, want 1", n)
	}
}

func signUpReplacesCase(t *testing.T, d *database) {
	_, before := signedUp(t, d)
	u := newUser()
	after := newSession(u.ID)
	if err := signUp(t.Context(), d, u, "hash", after, before.TokenHash); err != nil {
		t.Fatalf("create user: %v", err)
	}
	if exists(t, d, before.TokenHash) || !exists(t, d, after.TokenHash) {
		t.Errorf("the presented session exists: %t, the new one: %t; want only the new one",
			exists(t, d, before.TokenHash), exists(t, d, after.TokenHash))
	}
}

func takenAddressCase(t *testing.T, d *database) {
	taken, presented := signedUp(t, d)
	u := newUser()
	u.Email = taken.Email
	session := newSession(u.ID)
	err := signUp(t.Context(), d, u, "hash", session, presented.TokenHash)
	wantError(t, "create user", err, store.ErrConflict)

	got, hash, err := d.CredentialByEmail(t.Context(), taken.Email)
	if err != nil || got.ID != taken.ID || hash != "hash of "+taken.ID {
		t.Errorf("credential: got user %s, hash %q, error %v, want those of %s", got.ID, hash, err, taken.ID)
	}
	if !exists(t, d, presented.TokenHash) {
		t.Error("the presented session has ended")
	}
	if exists(t, d, session.TokenHash) {
		t.Error("a session of the refused user exists")
	}
}

func signUpRaceCase(t *testing.T, d *database) {
	const rivals = 20
	email := newUser().Email
	results := make([]error, rivals)
	var wg sync.WaitGroup
	for i := range rivals {
		wg.Go(func() {
			u := newUser()
			u.Email = email
			results[i] = signUp(t.Context(), d, u, "hash", newSession(u.ID))
		})
	}
	wg.Wait()
	var won int
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrConflict):
			t.Errorf("got error %v, want %v", err, store.ErrConflict)
		}
	}
	if won != 1 {
		t.Errorf("sign-ups that succeeded: got %d, want 1", won)
	}
}

func noCredentialCase(t *testing.T, d *database) {
	_, _, err := d.CredentialByEmail(t.Context(), newUser().Email)
	wantError(t, "unknown address", err, store.ErrNotFound)

	u, _ := signedUp(t, d)
	d.Exec(t, `UPDATE account SET password = NULL WHERE "userId" = ?`, u.ID)
	_, _, err = d.CredentialByEmail(t.Context(), u.Email)
	wantError(t, "no password", err, store.ErrNotFound)
	d.Exec(t, `UPDATE account SET password = 'x', "providerId" = 'github' WHERE "userId" = ?`, u.ID)
	_, _, err = d.CredentialByEmail(t.Context(), u.Email)
	wantError(t, "another provider", err, store.ErrNotFound)
}

func replaceHashCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	original := "hash of " + u.ID
	for _, step := range []struct{ old, new, want string }{
		{original, "better", "better"},
		{original, "late", "better"}, // another process was faster
	} {
		if err := d.ReplacePasswordHash(t.Context(), u.ID, step.old, step.new, base().Add(time.Minute)); err != nil {
			t.Fatalf("replace %s by %s: %v", step.old, step.new, err)
		}
		if _, got, err := d.CredentialByEmail(t.Context(), u.Email); got != step.want || err != nil {
			t.Errorf("after replacing %s by %s: got %s, error %v, want %s", step.old, step.new, got, err, step.want)
		}
	}
	if err := d.ReplacePasswordHash(t.Context(), newUser().ID, original, "x", base()); err != nil {
		t.Errorf("unknown user: got error %v, want none", err)
	}
}

func cascadeCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	other, otherSession := signedUp(t, d)
	for _, id := range []string{u.ID, other.ID} {
		if _, err := d.CreateTask(t.Context(), newTask(id)); err != nil {
			t.Fatalf("create task: %v", err)
		}
	}
	d.Exec(t, `DELETE FROM "user" WHERE id = ?`, u.ID) // as another program would
	deleteRemains(t, d)

	if exists(t, d, session.TokenHash) {
		t.Error("the session is still there")
	}
	if _, _, err := d.CredentialByEmail(t.Context(), u.Email); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("credential: got error %v, want %v", err, store.ErrNotFound)
	}
	for what, query := range map[string]string{
		"accounts": `SELECT count(*) FROM account WHERE "userId" = ?`,
		"tasks":    `SELECT count(*) FROM tasks WHERE user_id = ?`,
	} {
		if n := d.CountRows(t, query, u.ID); n != 0 {
			t.Errorf("%s of the deleted user: got %d, want 0", what, n)
		}
		if n := d.CountRows(t, query, other.ID); n != 1 {
			t.Errorf("%s of another user: got %d, want 1", what, n)
		}
	}
	if !exists(t, d, otherSession.TokenHash) {
		t.Error("another user's session has ended")
	}
	wantError(t, "a session for the deleted user", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID)) }), store.ErrNoUser)
}
