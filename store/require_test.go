package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func aliveCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a session that has ended changes nothing":          endedSessionActsCase,
		"a session that has expired changes nothing":        expiredSessionActsCase,
		"a session of another user changes nothing":         foreignSessionActsCase,
		"a token is traded only while its subject may act":  subjectCase,
		"a proof of the password is kept with the session":  proofCase,
		"a replaced secret is remembered for a minute":      rememberReplacedCase,
		"sessions that end each other at once: one is left": mutualRevocationCase,
	}
}

// acts are all changes that a user's session can make, as calls that would succeed if the
// session were live.
func acts(d *database, t *testing.T, u store.User, e store.Event) map[string]func() error {
	verbs := map[string]func(*store.Tx) error{
		"UpdateUser":   func(tx *store.Tx) error { return tx.UpdateUser(u.ID, store.UserChange{Name: new("Mallory")}, e.At) },
		"SetPassword":  func(tx *store.Tx) error { return tx.SetPassword(u.ID, "thief's", e.At) },
		"StartSession": func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID)) },
		"RequestEmailChange": func(tx *store.Tx) error {
			asked := store.Mail{Kind: store.MailChangeAsked, Recipient: u.Email, UserID: u.ID, CreatedAt: e.At, DueAt: e.At}
			confirm := asked
			confirm.Kind, confirm.NewEmail = store.MailChange, "t@example.com"
			return tx.RequestEmailChange(asked, confirm, e)
		},
		"RevokeSessions": func(tx *store.Tx) error { return tx.RevokeSessions(u.ID, "", e) },
		"ProvePassword":  func(tx *store.Tx) error { return tx.ProvePassword(e) },
		"DeleteUser":     func(tx *store.Tx) error { return tx.DeleteUser(u.ID, e) },
	}
	calls := map[string]func() error{}
	for name, f := range verbs {
		calls[name] = func() error { return asSession(t.Context(), d, e, f) }
	}
	return calls
}

func prove(t *testing.T, d *database, userID, hash string, e store.Event) error {
	return asSession(t.Context(), d, e, func(tx *store.Tx) error {
		if err := tx.RequirePassword(userID, hash); err != nil {
			return err
		}
		return tx.ProvePassword(e)
	})
}

// wantRefused runs every act and checks that it is refused and changes nothing.
func wantRefused(t *testing.T, d *database, u store.User, e store.Event) {
	t.Helper()
	state := func() []any {
		now, hash, err := d.CredentialByEmail(t.Context(), u.Email)
		if err != nil {
			t.Fatal(err)
		}
		return []any{
			now, hash,
			d.CountRows(t, `SELECT count(*) FROM session WHERE "userId" = ?`, u.ID),
			d.CountRows(t, `SELECT count(*) FROM mail WHERE "userId" = ?`, u.ID),
			d.CountRows(t, `SELECT count(*) FROM audit WHERE "userId" = ?`, u.ID),
		}
	}
	before := state()
	for name, act := range acts(d, t, u, e) {
		wantError(t, name, act(), store.ErrSessionEnded)
		if diff := cmp.Diff(before, state()); diff != "" {
			t.Errorf("%s has acted (-before +after):\n%s", name, diff)
		}
	}
	rows, err := d.SessionsOf(t.Context(), u.ID, base())
	if err != nil || len(rows) == 0 {
		t.Fatalf("got sessions %v, %v", rows, err)
	}
	err = asSession(t.Context(), d, e, func(tx *store.Tx) error { return tx.RevokeSession(u.ID, rows[0].ID, e) })
	wantError(t, "RevokeSession", err, store.ErrSessionEnded)
}

func ofSession(u store.User, session store.Session) store.Event {
	return store.Event{At: base(), Type: "test", Actor: store.ActorUser, UserID: u.ID, SessionID: session.ID}
}

// thief adds a second session to a user.
func thief(t *testing.T, d *database, change func(*store.Session)) (store.User, store.Session) {
	t.Helper()
	u, _ := signedUp(t, d)
	s := newSession(u.ID)
	if change != nil {
		change(&s)
	}
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(s) }); err != nil {
		t.Fatal(err)
	}
	return u, s
}

func endedSessionActsCase(t *testing.T, d *database) {
	u, s := thief(t, d, nil)
	if err := d.EndSession(t.Context(), s.TokenHash); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, d, u, ofSession(u, s))
}

func expiredSessionActsCase(t *testing.T, d *database) {
	u, s := thief(t, d, func(s *store.Session) { s.ExpiresAt = base() })
	wantRefused(t, d, u, ofSession(u, s))
}

func foreignSessionActsCase(t *testing.T, d *database) {
	u, _ := thief(t, d, nil)
	_, foreign := signedUp(t, d)
	wantRefused(t, d, u, ofSession(u, foreign))
}

func subjectCase(t *testing.T, d *database) {
	record := func(u store.User, s store.Session) error {
		e := ofSession(u, s)
		return requireSubject(t, d, e)
	}
	u, s := thief(t, d, nil)
	wantError(t, "a live session", record(u, s), nil)
	wantError(t, "no session", record(u, store.Session{}), nil)
	if err := d.EndSession(t.Context(), s.TokenHash); err != nil {
		t.Fatal(err)
	}
	wantError(t, "an ended session", record(u, s), store.ErrSessionEnded)
	if _, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DisableUser(u.ID, store.Event{At: base(), Type: "test"}) }); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a disabled user", record(u, store.Session{}), store.ErrNoUser)
	wantError(t, "nobody", record(newUser(), store.Session{}), store.ErrNoUser)
	if n := d.CountRows(t, `SELECT count(*) FROM audit WHERE "userId" = ? AND event = 'test' AND actor = 'user'`, u.ID); n != 2 {
		t.Errorf("got %d events, want those of the two that were let through", n)
	}
}

func proofCase(t *testing.T, d *database) {
	u, s := thief(t, d, nil)
	e := ofSession(u, s)
	e.At = base().Add(10 * time.Minute)
	wantError(t, "another password", prove(t, d, u.ID, "old", e), store.ErrConflict)
	if got, _, err := d.SessionByTokenHash(t.Context(), s.TokenHash); err != nil || !got.ProvenAt.Equal(kept(0)) {
		t.Errorf("got %v, %v, want the proof of the sign-in", got.ProvenAt, err)
	}
	wantError(t, "the password", prove(t, d, u.ID, "hash of "+u.ID, e), nil)
	if got, _, err := d.SessionByTokenHash(t.Context(), s.TokenHash); err != nil || !got.ProvenAt.Equal(kept(10*time.Minute)) {
		t.Errorf("got %v, %v, want the new proof", got.ProvenAt, err)
	}
}

func rememberReplacedCase(t *testing.T, d *database) {
	u, before := signedUp(t, d)
	after := newSession(u.ID)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(after, before.TokenHash) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID), newHash()) }); err != nil { // an invented secret is not remembered
		t.Fatal(err)
	}
	for hash, want := range map[string]bool{before.TokenHash: true, after.TokenHash: false, newHash(): false} {
		if was, err := d.WasReplaced(t.Context(), hash, base().Add(time.Minute-time.Millisecond)); err != nil || was != want {
			t.Errorf("got %t, %v, want %t", was, err, want)
		}
	}
	if was, err := d.WasReplaced(t.Context(), before.TokenHash, base().Add(time.Minute)); err != nil || was {
		t.Errorf("got %t, %v after a minute, want it forgotten", was, err)
	}
	if _, err := d.DeleteExpiredSessions(t.Context(), base().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM replaced WHERE token = ?`, before.TokenHash); n != 0 {
		t.Error("the clean-up has left it")
	}
}

// mutualRevocationCase has two sessions end each other: only the first of the two calls
// succeeds.
func mutualRevocationCase(t *testing.T, d *database) {
	for range 10 {
		u, a := signedUp(t, d)
		b := newSession(u.ID)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(b) }); err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 2)
		for _, s := range []store.Session{a, b} {
			go func() {
				e := ofSession(u, s)
				errs <- asSession(t.Context(), d, e, func(tx *store.Tx) error { return tx.RevokeSessions(u.ID, s.TokenHash, e) })
			}()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) {
			t.Fatalf("got %v and %v, want one to have come first", first, second)
		}
		if rows, err := d.SessionsOf(t.Context(), u.ID, base()); err != nil || len(rows) != 1 {
			t.Fatalf("got %d sessions, %v, want one", len(rows), err)
		}
	}
}
