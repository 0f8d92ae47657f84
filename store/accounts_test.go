package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func accountCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a user's sessions are listed, the latest first":             sessionsOfCase,
		"a session is revoked by its owner alone":                    revokeCase,
		"all sessions but one are revoked":                           revokeAllCase,
		"a user is changed where that was asked for":                 updateUserCase,
		"accounts are listed without what proves them":               accountsCase,
		"a password changes with the session":                        changePasswordCase,
		"of two changes of one password one succeeds":                changePasswordRaceCase,
		"a password that is set ends all sessions":                   setPasswordCase,
		"a user without a password gets one":                         firstPasswordCase,
		"a deleted user leaves nothing but the trail":                deleteUserCase,
		"a disabled user has no session, whatever rows there are":    disabledCase,
		"what is recorded with a change is there with it or not":     togetherCase,
		"a reset link sets the password once":                        resetCase,
		"a reset link that has died changes nothing":                 deadResetCase,
		"a verification link verifies the address":                   verifyCase,
		"a link to a new address changes it and kills the old links": changeEmailCase,
		"a new address that is taken changes nothing":                takenEmailCase,
		"a change of address is taken back by what ends sessions":    dropChangeCase,
	}
}

func event(kind string) store.Event {
	return store.Event{At: base(), Type: kind, Actor: store.ActorUser, IPAddress: "2001:db8::1", UserAgent: "curl/8", RequestID: "r1"}
}

// trail counts what is recorded of a user.
func (d *database) trail(t *testing.T, kind, userID string) int {
	t.Helper()
	return d.count(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ?`, kind, userID)
}

func sessionsOfCase(t *testing.T, d *database) {
	u, first := signedUp(t, d.Store)
	signedUp(t, d.Store)
	later := newSession(u.ID)
	later.CreatedAt = base().Add(time.Minute)
	expired := newSession(u.ID)
	expired.ExpiresAt = base().Add(time.Minute)
	for _, s := range []store.Session{later, expired} {
		if err := d.StartSession(t.Context(), s, ""); err != nil {
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
	u, session := signedUp(t, d.Store)
	other, _ := signedUp(t, d.Store)
	_, err := d.RevokeSession(t.Context(), other.ID, session.ID, event("x"))
	wantError(t, "somebody else's session", err, store.ErrNotFound)
	_, err = d.RevokeSession(t.Context(), u.ID, session.TokenHash, event("x"))
	wantError(t, "the hash in place of the handle", err, store.ErrNotFound)
	if !exists(t, d.Store, session.TokenHash) || d.trail(t, store.EventSessionRevoked, u.ID) != 0 {
		t.Fatal("a refused revocation has changed something")
	}
	hash, err := d.RevokeSession(t.Context(), u.ID, session.ID, event("x"))
	if err != nil || hash != session.TokenHash || exists(t, d.Store, hash) {
		t.Errorf("got %q, %v; want the session's hash and no session", hash, err)
	}
	if n := d.count(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ? AND "sessionId" = ? AND "requestId" = 'r1'`, store.EventSessionRevoked, u.ID, session.ID); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
}

func revokeAllCase(t *testing.T, d *database) {
	u, kept := signedUp(t, d.Store)
	_, others := signedUp(t, d.Store)
	var want []string
	for range 3 {
		s := newSession(u.ID)
		if err := d.StartSession(t.Context(), s, ""); err != nil {
			t.Fatal(err)
		}
		want = append(want, s.TokenHash)
	}
	got, err := d.RevokeSessions(t.Context(), u.ID, kept.TokenHash, event("x"))
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if !exists(t, d.Store, kept.TokenHash) || !exists(t, d.Store, others.TokenHash) || exists(t, d.Store, want[0]) {
		t.Error("the wrong sessions have ended")
	}
	if n := d.trail(t, store.EventSessionRevoked, u.ID); n != 3 {
		t.Errorf("got %d events, want one for each of 3 sessions", n)
	}
}

func updateUserCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
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
		if err := d.UpdateUser(t.Context(), u.ID, step.change, base().Add(time.Hour), event(store.EventUserUpdated)); err != nil {
			t.Fatal(err)
		}
		step.apply()
		want.UpdatedAt = kept(time.Hour)
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	wantError(t, "nobody", d.UpdateUser(t.Context(), "usr_nobody", store.UserChange{Name: new("x")}, base(), event("x")), store.ErrNotFound)
}

func accountsCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	d.exec(t, `INSERT INTO account (id, "accountId", "providerId", "userId", scope, "createdAt", "updatedAt") VALUES (?, '7', 'github', ?, 'user,repo', ?, ?)`,
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

func passwordOf(t *testing.T, d *database, id string) string {
	t.Helper()
	hash, err := d.PasswordHash(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func change(u store.User, old store.Session, next string) store.PasswordChange {
	return store.PasswordChange{UserID: u.ID, Old: "hash of " + u.ID, New: next, Session: newSession(u.ID), Replaces: old.TokenHash, At: base()}
}

func changePasswordCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	other := newSession(u.ID)
	if err := d.StartSession(t.Context(), other, ""); err != nil {
		t.Fatal(err)
	}
	wrong := change(u, session, "new")
	wrong.Old = "another"
	_, err := d.ChangePassword(t.Context(), wrong, event("x"))
	wantError(t, "another old password", err, store.ErrConflict)
	if !exists(t, d.Store, session.TokenHash) || passwordOf(t, d, u.ID) != "hash of "+u.ID {
		t.Fatal("a refused change has changed something")
	}

	c := change(u, session, "new")
	ended, err := d.ChangePassword(t.Context(), c, event(store.EventPasswordChanged))
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) || passwordOf(t, d, u.ID) != "new" {
		t.Errorf("got %v, %v", ended, err)
	}
	if exists(t, d.Store, session.TokenHash) || !exists(t, d.Store, c.Session.TokenHash) || !exists(t, d.Store, other.TokenHash) {
		t.Error("want the session replaced and the other one kept")
	}
	next := change(u, c.Session, "newer")
	next.Old, next.EndOthers = "new", true
	ended, err = d.ChangePassword(t.Context(), next, event(store.EventPasswordChanged))
	if err != nil || !slices.Equal(ended, []string{c.Session.TokenHash, other.TokenHash}) || exists(t, d.Store, other.TokenHash) || !exists(t, d.Store, next.Session.TokenHash) {
		t.Errorf("got %v, %v; want the others ended too", ended, err)
	}
	if n := d.trail(t, store.EventPasswordChanged, u.ID); n != 2 {
		t.Errorf("got %d events, want 2", n)
	}
}

func changePasswordRaceCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := d.ChangePassword(t.Context(), change(u, session, "new"), event("x")); err == nil {
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
	if n := d.count(t, `SELECT count(*) FROM session WHERE "userId" = ?`, u.ID); n != 1 {
		t.Errorf("got %d sessions, want the winner's", n)
	}
}

func setPasswordCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	put(t, d, u, store.PurposeReset, "")
	ended, err := d.SetPassword(t.Context(), u.ID, "set", base(), event(store.EventPasswordChanged))
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) || exists(t, d.Store, session.TokenHash) || passwordOf(t, d, u.ID) != "set" {
		t.Errorf("got %v, %v", ended, err)
	}
	if n := d.count(t, `SELECT count(*) FROM verification WHERE "userId" = ?`, u.ID); n != 0 {
		t.Errorf("got %d links left, want none", n)
	}
	_, err = d.SetPassword(t.Context(), "usr_nobody", "set", base(), event("x"))
	wantError(t, "nobody", err, store.ErrNotFound)
}

func firstPasswordCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	d.exec(t, `DELETE FROM account WHERE "userId" = ?`, u.ID)
	_, err := d.PasswordHash(t.Context(), u.ID)
	wantError(t, "no password", err, store.ErrNotFound)
	if _, err := d.SetPassword(t.Context(), u.ID, "first", base(), event("x")); err != nil {
		t.Fatal(err)
	}
	if got, hash, err := d.CredentialByEmail(t.Context(), u.Email); err != nil || got.ID != u.ID || hash != "first" {
		t.Errorf("got %v %q, %v", got, hash, err)
	}
}

func deleteUserCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	created(t, d.Store, newTask(u.ID))
	put(t, d, u, store.PurposeVerify, "")
	ended, err := d.DeleteUser(t.Context(), u.ID, event(store.EventUserDeleted))
	if err != nil || !slices.Equal(ended, []string{session.TokenHash}) {
		t.Errorf("got %v, %v", ended, err)
	}
	for _, rest := range []string{
		`SELECT count(*) FROM "user" WHERE id = ?`, `SELECT count(*) FROM session WHERE "userId" = ?`, `SELECT count(*) FROM account WHERE "userId" = ?`,
		`SELECT count(*) FROM tasks WHERE user_id = ?`, `SELECT count(*) FROM verification WHERE "userId" = ?`,
	} {
		if n := d.count(t, rest, u.ID); n != 0 {
			t.Errorf("%s: got %d, want 0", rest, n)
		}
	}
	if d.trail(t, store.EventUserDeleted, u.ID) != 1 || d.trail(t, store.EventSessionRevoked, u.ID) != 1 {
		t.Error("the trail does not tell of the deletion and the session's end")
	}
	_, err = d.DeleteUser(t.Context(), u.ID, event(store.EventUserDeleted))
	wantError(t, "twice", err, store.ErrNotFound)
	if n := d.trail(t, store.EventUserDeleted, u.ID); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
}

func disabledCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	d.exec(t, `UPDATE "user" SET "disabledAt" = ? WHERE id = ?`, "2026-03-01T11:00:00.000Z", u.ID)
	_, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
	wantError(t, "the session of a disabled user", err, store.ErrNotFound)
	live, err := d.LiveSessions(t.Context(), []string{session.TokenHash}, base())
	if err != nil || len(live) != 0 {
		t.Errorf("got live sessions %v, %v; want none", live, err)
	}
	// Sign-in must compute as for others, and then see it.
	got, _, err := d.CredentialByEmail(t.Context(), u.Email)
	if err != nil || got.DisabledAt == nil || !got.DisabledAt.Equal(time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v, %v; want the day it was disabled", got.DisabledAt, err)
	}
}

func togetherCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	bad := event("x")
	bad.Detail = "a\x00b"
	wantError(t, "sign-in", d.StartSession(t.Context(), newSession(u.ID), session.TokenHash, store.Recorded(bad)), store.ErrInvalidText)
	wantError(t, "sign-out", d.EndSession(t.Context(), session.TokenHash, store.Recorded(bad)), store.ErrInvalidText)
	v := newUser()
	wantError(t, "sign-up", d.CreateUser(t.Context(), v, "hash", newSession(v.ID), "", store.Recorded(bad)), store.ErrInvalidText)
	if n := d.count(t, `SELECT count(*) FROM "user" WHERE id = ?`, v.ID); n != 0 || !exists(t, d.Store, session.TokenHash) {
		t.Error("a change is there without its record")
	}
	if err := d.EndSession(t.Context(), newHash(), store.Recorded(event(store.EventSignOut))); err != nil {
		t.Fatal(err)
	}
	if n := d.count(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" IS NULL`, store.EventSignOut); n != 0 {
		t.Error("a sign-out of nobody was recorded")
	}
	if err := d.EndSession(t.Context(), session.TokenHash, store.Recorded(event(store.EventSignOut))); err != nil {
		t.Fatal(err)
	}
	if n := d.count(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ? AND "sessionId" = ?`, store.EventSignOut, u.ID, session.ID); n != 1 {
		t.Errorf("got %d events, want 1 with user and session", n)
	}
}

// mailing queues a mail that is sent long after, for links to be in.
func mailing(t *testing.T, d *database, u store.User) (id string) {
	t.Helper()
	id = "mail_" + newHash()
	err := d.QueueMail(t.Context(), store.Mail{ID: id, Kind: store.MailVerify, Recipient: "x" + u.Email, CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// put stores a link of the user, good for an hour, and returns its hash.
func put(t *testing.T, d *database, u store.User, purpose, newEmail string) string {
	t.Helper()
	if newEmail != "" {
		purpose = store.PurposeChange
	}
	v := store.Verification{ID: mailing(t, d, u), Purpose: purpose, TokenHash: newHash(), UserID: u.ID, Email: u.Email, NewEmail: newEmail, CreatedAt: base(), ExpiresAt: base().Add(time.Hour)}
	if err := d.PutVerification(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	return v.TokenHash
}

func resetCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	hash, other := put(t, d, u, store.PurposeReset, ""), put(t, d, u, store.PurposeReset, "")
	_, _, err := d.ResetPassword(t.Context(), newHash(), "x", base(), event("x"))
	wantError(t, "an unknown link", err, store.ErrNotFound)
	id, ended, err := d.ResetPassword(t.Context(), hash, "reset", base(), event(store.EventPasswordReset))
	if err != nil || id != u.ID || !slices.Equal(ended, []string{session.TokenHash}) || passwordOf(t, d, u.ID) != "reset" {
		t.Errorf("got %s, %v, %v", id, ended, err)
	}
	for name, again := range map[string]string{"twice": hash, "an older link": other} {
		_, _, err = d.ResetPassword(t.Context(), again, "x", base(), event("x"))
		wantError(t, name, err, store.ErrNotFound)
	}
	if passwordOf(t, d, u.ID) != "reset" || d.trail(t, store.EventPasswordReset, u.ID) != 1 {
		t.Error("a used link has changed something")
	}
}

func deadResetCase(t *testing.T, d *database) {
	for name, kill := range map[string]func(u store.User, hash string) (string, time.Time){
		"expired": func(_ store.User, hash string) (string, time.Time) { return hash, base().Add(time.Hour) },
		"of another purpose": func(u store.User, _ string) (string, time.Time) {
			return put(t, d, u, store.PurposeVerify, ""), base()
		},
		"to an old address": func(u store.User, hash string) (string, time.Time) {
			d.exec(t, `UPDATE "user" SET email = ? WHERE id = ?`, "new"+u.Email, u.ID)
			return hash, base()
		},
		"of a disabled user": func(u store.User, hash string) (string, time.Time) {
			d.exec(t, `UPDATE "user" SET "disabledAt" = ? WHERE id = ?`, "2026-03-01T11:00:00.000Z", u.ID)
			return hash, base()
		},
	} {
		u, session := signedUp(t, d.Store)
		hash, at := kill(u, put(t, d, u, store.PurposeReset, ""))
		_, _, err := d.ResetPassword(t.Context(), hash, "x", at, event("x"))
		wantError(t, name, err, store.ErrNotFound)
		if passwordOf(t, d, u.ID) != "hash of "+u.ID || d.count(t, `SELECT count(*) FROM session WHERE token = ?`, session.TokenHash) != 1 {
			t.Errorf("%s: something has changed", name)
		}
	}
}

func verifyCase(t *testing.T, d *database) {
	u, session := signedUp(t, d.Store)
	hash := put(t, d, u, store.PurposeVerify, "")
	got, replaced, err := d.VerifyEmail(t.Context(), hash, base().Add(time.Minute), event(store.EventEmailVerified))
	if err != nil || !got.EmailVerified || got.Email != u.Email || replaced != "" || !got.UpdatedAt.Equal(kept(time.Minute)) {
		t.Errorf("got %+v, %q, %v", got, replaced, err)
	}
	_, _, err = d.VerifyEmail(t.Context(), hash, base(), event("x"))
	wantError(t, "twice", err, store.ErrNotFound)
	_, _, err = d.VerifyEmail(t.Context(), put(t, d, u, store.PurposeReset, ""), base(), event("x"))
	wantError(t, "a reset link", err, store.ErrNotFound)
	if !exists(t, d.Store, session.TokenHash) || d.trail(t, store.EventEmailVerified, u.ID) != 1 {
		t.Error("want the session kept and one event")
	}
}

func changeEmailCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	reset, verify := put(t, d, u, store.PurposeReset, ""), put(t, d, u, store.PurposeVerify, "")
	got, replaced, err := d.VerifyEmail(t.Context(), put(t, d, u, store.PurposeVerify, "new-"+u.Email), base(), event(store.EventEmailVerified))
	if err != nil || got.Email != "new-"+u.Email || !got.EmailVerified || replaced != u.Email {
		t.Errorf("got %+v, %q, %v", got, replaced, err)
	}
	_, _, err = d.ResetPassword(t.Context(), reset, "x", base(), event("x"))
	wantError(t, "an older reset link", err, store.ErrNotFound)
	_, _, err = d.VerifyEmail(t.Context(), verify, base(), event("x"))
	wantError(t, "an older verification link", err, store.ErrNotFound)
	if n := d.count(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ? AND email = ?`, store.EventEmailChanged, u.ID, u.Email); n != 1 {
		t.Errorf("got %d events with the old address, want 1", n)
	}
	if n := d.count(t, `SELECT count(*) FROM mail WHERE recipient = ?`, u.Email); n != 1 {
		t.Errorf("got %d mails to the old address, want 1", n)
	}
}

func takenEmailCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	other, _ := signedUp(t, d.Store)
	_, _, err := d.VerifyEmail(t.Context(), put(t, d, u, store.PurposeVerify, other.Email), base(), event("x"))
	wantError(t, "a taken address", err, store.ErrConflict)
	if _, _, err := d.CredentialByEmail(t.Context(), u.Email); err != nil {
		t.Errorf("got %v, want the user under the old address", err)
	}
	if n := d.count(t, `SELECT count(*) FROM mail WHERE recipient = ?`, u.Email); n != 0 {
		t.Errorf("got %d mails about a change that was none", n)
	}
}

func dropChangeCase(t *testing.T, d *database) {
	for name, drop := range map[string]func(u store.User, session store.Session) error{
		"another request": func(u store.User, _ store.Session) error {
			return d.RequestEmailChange(t.Context(), store.Mail{Kind: store.MailChange, Recipient: u.Email, UserID: u.ID, NewEmail: "right-" + u.Email, CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)}, event(store.EventEmailChange))
		},
		"a new password": func(u store.User, session store.Session) error {
			_, err := d.ChangePassword(t.Context(), change(u, session, "new"), event("x"))
			return err
		},
		"a password that is set": func(u store.User, _ store.Session) error {
			_, err := d.SetPassword(t.Context(), u.ID, "new", base(), event("x"))
			return err
		},
		"signing out elsewhere": func(u store.User, session store.Session) error {
			_, err := d.RevokeSessions(t.Context(), u.ID, session.TokenHash, event("x"))
			return err
		},
		"disabling": func(u store.User, _ store.Session) error {
			_, err := d.DisableUser(t.Context(), u.ID, base(), event("x"))
			return err
		},
	} {
		u, session := signedUp(t, d.Store)
		mailed := put(t, d, u, store.PurposeChange, "thief-"+u.Email)
		queued := store.Mail{ID: "mail_" + newHash(), Kind: store.MailChange, Recipient: u.Email, UserID: u.ID, NewEmail: "thief-" + u.Email, CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)}
		if err := d.QueueMail(t.Context(), queued); err != nil {
			t.Fatal(err)
		}
		verify := put(t, d, u, store.PurposeVerify, "")
		if err := drop(u, session); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, _, err := d.VerifyEmail(t.Context(), mailed, base(), event("x"))
		wantError(t, name+", the link that was mailed", err, store.ErrNotFound)
		// The worker has read the mail already and is about to make its link.
		err = d.PutVerification(t.Context(), store.Verification{ID: queued.ID, Purpose: store.PurposeChange, TokenHash: newHash(), UserID: u.ID, Email: u.Email, NewEmail: queued.NewEmail, CreatedAt: base(), ExpiresAt: base().Add(time.Hour)})
		wantError(t, name+", the link of the mail that waits", err, store.ErrNotFound)
		if _, err := d.VerificationByToken(t.Context(), store.PurposeVerify, verify); name != "disabling" && err != nil {
			t.Errorf("%s: got %v, want the link kept that verifies the user's own address", name, err)
		}
	}
}
