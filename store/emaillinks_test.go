package store_test

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/store"
)

func linkCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a reset link sets the password once":                             resetCase,
		"a reset link keeps the session that asks, if it is the user's":   renewCase,
		"a reset link that has died changes nothing":                      deadResetCase,
		"a verification link verifies the address":                        verifyCase,
		"a link does nothing without a proof":                             unprovenCase,
		"a new password comes with a link to the user's own address only": newPasswordCase,
		"a link to a new address changes it and kills the old links":      changeEmailCase,
		"a new address that is taken changes nothing":                     takenEmailCase,
		"a change of address dies with its session":                       dropChangeCase,
		"the notice leaves before the link to the new address":            noticeFirstCase,
		"a change of address is stopped":                                  stopCase,
		"a change of address is undone by whoever had the account first":  undoCase,
		"an address is kept as long as a change can be undone":            keptAddressCase,
		"no sign-up gets an address while it is changed":                  keptRaceCase,
		"a link that many follow at once does its work once":              followRaceCase,
	}
}

// mailing queues a mail that is due much later, for links to refer to.
func mailing(t *testing.T, d *database, u store.User) (id string) {
	t.Helper()
	id = "mail_" + newHash()
	err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		return tx.QueueMail(store.Mail{ID: id, Kind: store.MailVerify, Recipient: "x" + u.Email, CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// put stores a link of the user that is valid for an hour, and returns its hash.
func put(t *testing.T, d *database, u store.User, purpose string) string {
	t.Helper()
	return putLink(t, d, store.Verification{Purpose: purpose, UserID: u.ID, Email: u.Email})
}

// putChange stores a link to a new address that a session has asked for.
func putChange(t *testing.T, d *database, u store.User, session store.Session, newEmail string) string {
	t.Helper()
	return putLink(t, d, store.Verification{Purpose: store.PurposeChange, UserID: u.ID, SessionID: session.ID, Email: u.Email, NewEmail: newEmail})
}

func putLink(t *testing.T, d *database, v store.Verification) string {
	t.Helper()
	v.ID, v.TokenHash, v.CreatedAt, v.ExpiresAt = mailing(t, d, store.User{Email: v.Email}), newHash(), base(), base().Add(time.Hour)
	if err := d.PutVerification(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	return v.TokenHash
}

func resetCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	hash, other := put(t, d, u, store.PurposeReset), put(t, d, u, store.PurposeReset)
	_, err := resetBy(t.Context(), d, newHash(), "x", base(), nil, event("x"))
	wantError(t, "an unknown link", err, store.ErrNotFound)
	got, err := resetBy(t.Context(), d, hash, "reset", base(), nil, event(store.EventPasswordReset))
	if err != nil || got.UserID != u.ID || got.Email != u.Email || got.Renewed || !slices.Equal(got.Ended, []string{session.TokenHash}) || passwordOf(t, d, u.ID) != "reset" {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, again := range map[string]string{"twice": hash, "an older link": other} {
		_, err = resetBy(t.Context(), d, again, "x", base(), nil, event("x"))
		wantError(t, name, err, store.ErrNotFound)
	}
	if passwordOf(t, d, u.ID) != "reset" || trail(t, d, store.EventPasswordReset, u.ID) != 1 {
		t.Error("a used link has changed something")
	}
	if u, err := d.UserByID(t.Context(), u.ID); err != nil || !u.EmailVerified {
		t.Errorf("got %+v, %v; want the address verified, whose mail was read", u, err)
	}
}

func renewCase(t *testing.T, d *database) {
	for name, tt := range map[string]struct {
		change func(s *store.Session)
		want   bool
	}{
		"alive":           {func(*store.Session) {}, true},
		"expired":         {func(s *store.Session) { s.ExpiresAt = base() }, false},
		"somebody else's": {func(s *store.Session) { other, _ := signedUp(t, d); s.UserID = other.ID }, false},
		"ended":           {func(s *store.Session) { s.ID += "x" }, false}, // and deleted below
	} {
		u, elsewhere := signedUp(t, d)
		own := newSession(u.ID)
		tt.change(&own)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(own) }); err != nil {
			t.Fatal(err)
		}
		if name == "ended" {
			if err := d.EndSession(t.Context(), own.TokenHash); err != nil {
				t.Fatal(err)
			}
		}
		next := newSession(u.ID)
		got, err := resetBy(t.Context(), d, put(t, d, u, store.PurposeReset), "reset", base(), &renewal{next, own}, event("x"))
		if err != nil || got.Renewed != tt.want || exists(t, d, next.TokenHash) != tt.want || exists(t, d, elsewhere.TokenHash) {
			t.Errorf("%s: got %+v, %v; want renewed %t and the other session ended", name, got, err, tt.want)
		}
		if name == "somebody else's" != exists(t, d, own.TokenHash) {
			t.Errorf("%s: want the session ended that asked, if it is the user's", name)
		}
	}
}

func deadResetCase(t *testing.T, d *database) {
	for name, kill := range map[string]func(u store.User, hash string) (string, time.Time){
		"expired": func(_ store.User, hash string) (string, time.Time) { return hash, base().Add(time.Hour) },
		"of another purpose": func(u store.User, _ string) (string, time.Time) {
			return put(t, d, u, store.PurposeVerify), base()
		},
		"to an old address": func(u store.User, hash string) (string, time.Time) {
			d.Exec(t, `UPDATE "user" SET email = ? WHERE id = ?`, "new"+u.Email, u.ID)
			return hash, base()
		},
		"of a disabled user": func(u store.User, hash string) (string, time.Time) {
			d.Exec(t, `UPDATE "user" SET "disabledAt" = ? WHERE id = ?`, "2026-03-01T11:00:00.000Z", u.ID)
			return hash, base()
		},
	} {
		u, session := signedUp(t, d)
		hash, at := kill(u, put(t, d, u, store.PurposeReset))
		_, err := resetBy(t.Context(), d, hash, "x", at, nil, event("x"))
		wantError(t, name, err, store.ErrNotFound)
		if passwordOf(t, d, u.ID) != "hash of "+u.ID || d.CountRows(t, `SELECT count(*) FROM session WHERE token = ?`, session.TokenHash) != 1 {
			t.Errorf("%s: something has changed", name)
		}
	}
}

func verifyCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	proof := store.Proof{Session: session.ID}
	hash := put(t, d, u, store.PurposeVerify)
	got, err := verifyBy(t.Context(), d, hash, proof, base().Add(time.Minute), event(store.EventEmailVerified))
	if err != nil || !got.User.EmailVerified || got.User.Email != u.Email || got.Replaced != "" || got.Already || !got.User.UpdatedAt.Equal(kept(time.Minute)) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = verifyBy(t.Context(), d, hash, store.Proof{NewPassword: "x"}, base().Add(2*time.Minute), event("x"))
	if err != nil || !got.Already || !got.User.UpdatedAt.Equal(kept(time.Minute)) || passwordOf(t, d, u.ID) != "hash of "+u.ID {
		t.Errorf("twice: got %+v, %v; want it done already, and nothing changed", got, err)
	}
	_, err = verifyBy(t.Context(), d, hash, proof, base().Add(time.Hour), event("x"))
	wantError(t, "twice, an hour later", err, store.ErrNotFound)
	for _, purpose := range []string{store.PurposeReset, store.PurposeUndo} {
		_, err = verifyBy(t.Context(), d, put(t, d, u, purpose), proof, base(), event("x"))
		wantError(t, purpose, err, store.ErrNotFound)
	}
	if !exists(t, d, session.TokenHash) || trail(t, d, store.EventEmailVerified, u.ID) != 1 {
		t.Error("want the session kept and one event")
	}
}

func unprovenCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	_, others := signedUp(t, d)
	expired := newSession(u.ID)
	expired.ExpiresAt = base()
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(expired) }); err != nil {
		t.Fatal(err)
	}
	for name, proof := range map[string]store.Proof{
		"nothing":                    {},
		"somebody else's session":    {Session: others.ID},
		"an expired session":         {Session: expired.ID},
		"no session":                 {Session: newHash()},
		"a password that was theirs": {Password: "an older hash"},
	} {
		for _, link := range []string{put(t, d, u, store.PurposeVerify), putChange(t, d, u, session, "new-"+u.Email)} {
			_, err := verifyBy(t.Context(), d, link, proof, base(), event("x"))
			wantError(t, name, err, store.ErrUnproven)
		}
	}
	if got, err := d.UserByID(t.Context(), u.ID); err != nil || got.EmailVerified || got.Email != u.Email {
		t.Errorf("got %+v, %v; want nothing changed", got, err)
	}
}

func newPasswordCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	proof := store.Proof{NewPassword: "own"}
	_, err := verifyBy(t.Context(), d, putChange(t, d, u, session, "new-"+u.Email), proof, base(), event("x"))
	wantError(t, "a change of address", err, store.ErrUnproven)
	if passwordOf(t, d, u.ID) != "hash of "+u.ID {
		t.Error("a refused link has set the password")
	}
	got, err := verifyBy(t.Context(), d, put(t, d, u, store.PurposeVerify), proof, base(), event(store.EventEmailVerified))
	if err != nil || !got.User.EmailVerified || !slices.Equal(got.Ended, []string{session.TokenHash}) || passwordOf(t, d, u.ID) != "own" {
		t.Errorf("got %+v, %v; want the password set and the session ended", got, err)
	}
	if trail(t, d, store.EventPasswordReset, u.ID) != 1 || trail(t, d, store.EventEmailVerified, u.ID) != 1 {
		t.Error("want both recorded")
	}
}

func changeEmailCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	reset, verify, undo := put(t, d, u, store.PurposeReset), put(t, d, u, store.PurposeVerify), put(t, d, u, store.PurposeUndo)
	change := putChange(t, d, u, session, "new-"+u.Email)
	proof := store.Proof{Password: "hash of " + u.ID}
	got, err := verifyBy(t.Context(), d, change, proof, base(), event(store.EventEmailVerified))
	if err != nil || got.User.Email != "new-"+u.Email || !got.User.EmailVerified || got.Replaced != u.Email {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := d.EndSession(t.Context(), session.TokenHash); err != nil {
		t.Fatal(err)
	}
	if got, err = verifyBy(t.Context(), d, change, store.Proof{}, base(), event("x")); err != nil || !got.Already || got.Replaced != "" {
		t.Errorf("twice: got %+v, %v; want it done already", got, err)
	}
	_, err = resetBy(t.Context(), d, reset, "x", base(), nil, event("x"))
	wantError(t, "an older reset link", err, store.ErrNotFound)
	_, err = verifyBy(t.Context(), d, verify, proof, base(), event("x"))
	wantError(t, "an older verification link", err, store.ErrNotFound)
	if link, err := d.LinkByToken(t.Context(), undo, store.PurposeUndo); err != nil || !link.ExpiresAt.Equal(kept(store.UndoFor)) {
		t.Errorf("got %+v, %v; want the link to undo it good for a week from now", link, err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ? AND email = ?`, store.EventEmailChanged, u.ID, u.Email); n != 1 {
		t.Errorf("got %d events with the old address, want 1", n)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM mail WHERE recipient = ? AND kind = ?`, u.Email, store.MailEmailChanged); n != 1 {
		t.Errorf("got %d mails to the old address, want 1", n)
	}
}

func takenEmailCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	other, _ := signedUp(t, d)
	held(t, d, other, "was-"+other.Email, base().Add(time.Minute))
	proof := store.Proof{Session: session.ID}
	for _, taken := range []string{other.Email, "was-" + other.Email} {
		_, err := verifyBy(t.Context(), d, putChange(t, d, u, session, taken), proof, base(), event("x"))
		wantError(t, taken, err, store.ErrConflict)
	}
	if _, _, err := d.CredentialByEmail(t.Context(), u.Email); err != nil {
		t.Errorf("got %v, want the user under the old address", err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM mail WHERE recipient = ?`, u.Email); n != 0 {
		t.Errorf("got %d mails about a change that was none", n)
	}
}

// requestChange requests a change of address in a session.
func requestChange(t *testing.T, d *database, u store.User, session store.Session, newEmail string) error {
	t.Helper()
	asked := store.Mail{Kind: store.MailChangeAsked, Recipient: u.Email, UserID: u.ID, CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)}
	confirm := asked
	confirm.Kind, confirm.NewEmail = store.MailChange, newEmail
	e := event(store.EventEmailChange)
	e.UserID, e.SessionID = u.ID, session.ID
	return asSession(t.Context(), d, e, func(tx *store.Tx) error { return tx.RequestEmailChange(asked, confirm, e) })
}

func dropChangeCase(t *testing.T, d *database) {
	for name, drop := range map[string]func(u store.User, owner, thief store.Session) error{
		"another request": func(u store.User, owner, _ store.Session) error {
			return requestChange(t, d, u, owner, "right-"+u.Email)
		},
		"a new password": func(u store.User, owner, _ store.Session) error {
			_, err := changePassword(t.Context(), d, change(u, owner, "new"), event("x"))
			return err
		},
		"a password that is set": func(u store.User, _, _ store.Session) error {
			_, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.ResetPassword(u.ID, "new", "", event("x")) })
			return err
		},
		"a reset": func(u store.User, _, _ store.Session) error {
			_, err := resetBy(t.Context(), d, put(t, d, u, store.PurposeReset), "new", base(), nil, event("x"))
			return err
		},
		"signing out elsewhere": func(u store.User, owner, _ store.Session) error {
			_, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSessions(u.ID, owner.TokenHash, event("x")) })
			return err
		},
		"ending that session": func(u store.User, _, thief store.Session) error {
			_, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.RevokeSession(u.ID, thief.ID, event("x")) })
			return err
		},
		"signing out": func(_ store.User, _, thief store.Session) error {
			return d.EndSession(t.Context(), thief.TokenHash)
		},
		"signing in again": func(u store.User, _, thief store.Session) error {
			return d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID), thief.TokenHash) })
		},
		"disabling": func(u store.User, _, _ store.Session) error {
			_, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DisableUser(u.ID, event("x")) })
			return err
		},
		"expiry": func(_ store.User, _, thief store.Session) error {
			d.Exec(t, `UPDATE session SET "expiresAt" = ? WHERE id = ?`, kept(0).Format("2006-01-02T15:04:05.000Z"), thief.ID)
			return nil
		},
		"the end of expired sessions": func(_ store.User, _, thief store.Session) error {
			d.Exec(t, `UPDATE session SET "expiresAt" = ? WHERE id = ?`, kept(0).Format("2006-01-02T15:04:05.000Z"), thief.ID)
			_, err := d.DeleteExpiredSessions(t.Context(), base())
			return err
		},
		"a statement by hand": func(_ store.User, _, thief store.Session) error {
			d.Exec(t, `DELETE FROM session WHERE id = ?`, thief.ID)
			return nil
		},
	} {
		u, owner := signedUp(t, d)
		thief := newSession(u.ID)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(thief) }); err != nil {
			t.Fatal(err)
		}
		mailed := putChange(t, d, u, thief, "thief-"+u.Email)
		queued := store.Mail{ID: "mail_" + newHash(), Kind: store.MailChange, Recipient: u.Email, UserID: u.ID, SessionID: thief.ID, NewEmail: "thief-" + u.Email, CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)}
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.QueueMail(queued) }); err != nil {
			t.Fatal(err)
		}
		verify := put(t, d, u, store.PurposeVerify)
		if err := drop(u, owner, thief); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := verifyBy(t.Context(), d, mailed, store.Proof{Password: passwordOf(t, d, u.ID)}, base(), event("x"))
		wantError(t, name+", the link that was mailed", err, store.ErrNotFound)
		// The worker has read the mail already and is about to make its link.
		err = d.PutVerification(t.Context(), store.Verification{ID: queued.ID, Purpose: store.PurposeChange, TokenHash: newHash(), UserID: u.ID, SessionID: thief.ID, Email: u.Email, NewEmail: queued.NewEmail, CreatedAt: base(), ExpiresAt: base().Add(time.Hour)})
		wantError(t, name+", the link of the mail that waits", err, store.ErrNotFound)
		if _, err := d.LinkByToken(t.Context(), verify, store.PurposeVerify); name != "disabling" && err != nil {
			t.Errorf("%s: got %v, want the link kept that verifies the user's own address", name, err)
		}
		if err := requestChange(t, d, u, thief, "again-"+u.Email); name != "another request" && name != "a new password" {
			wantError(t, name+", another request of that session", err, store.ErrSessionEnded)
		}
	}
}

func noticeFirstCase(t *testing.T, d *database) {
	drain(t, d)
	u, session := signedUp(t, d)
	if err := requestChange(t, d, u, session, "new-"+u.Email); err != nil {
		t.Fatal(err)
	}
	due := base().Add(1e6 * time.Hour)
	notice, err := d.ClaimMail(t.Context(), due, due.Add(time.Hour))
	if err != nil || notice.Kind != store.MailChangeAsked {
		t.Fatalf("got %+v, %v; want the notice", notice, err)
	}
	_, err = d.ClaimMail(t.Context(), due, due)
	wantError(t, "while the notice has not left", err, store.ErrNotFound)
	if err := d.DeleteMail(t.Context(), notice.ID); err != nil {
		t.Fatal(err)
	}
	m, err := d.ClaimMail(t.Context(), due, due.Add(time.Hour))
	if err != nil || m.Kind != store.MailChange || m.SessionID != session.ID {
		t.Errorf("got %+v, %v; want the link to the new address", m, err)
	}
}

func stopCase(t *testing.T, d *database) {
	drain(t, d)
	u, session := signedUp(t, d)
	undo, change, reset := put(t, d, u, store.PurposeUndo), putChange(t, d, u, session, "thief-"+u.Email), put(t, d, u, store.PurposeReset)
	got, err := undoBy(t.Context(), d, undo, "", base(), event(store.EventEmailUndone))
	if err != nil || got.User.Email != u.Email || got.User.EmailVerified || got.Already || !slices.Equal(got.Ended, []string{session.TokenHash}) || passwordOf(t, d, u.ID) != "hash of "+u.ID {
		t.Errorf("got %+v, %v; want the session ended and the password kept", got, err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM mail WHERE recipient = ? AND kind = ?`, u.Email, store.MailReset); n != 1 {
		t.Errorf("got %d mails with a link to a new password, want 1", n)
	}
	_, err = verifyBy(t.Context(), d, change, store.Proof{Password: "hash of " + u.ID}, base(), event("x"))
	wantError(t, "the link to the new address", err, store.ErrNotFound)
	_, err = resetBy(t.Context(), d, reset, "x", base(), nil, event("x"))
	wantError(t, "a reset link from before", err, store.ErrNotFound)
	if got, err = undoBy(t.Context(), d, undo, "", base(), event("x")); err != nil || !got.Already {
		t.Errorf("twice: got %+v, %v; want it done already", got, err)
	}
	_, err = undoBy(t.Context(), d, undo, "again", base(), event("x"))
	wantError(t, "twice, with a password", err, store.ErrNotFound)
	if trail(t, d, store.EventEmailUndone, u.ID) != 1 {
		t.Error("want it recorded once")
	}
	_, err = undoBy(t.Context(), d, put(t, d, u, store.PurposeUndo), "x", base().Add(time.Hour), event("x"))
	wantError(t, "an expired link", err, store.ErrNotFound)
	_, err = undoBy(t.Context(), d, put(t, d, u, store.PurposeReset), "x", base(), event("x"))
	wantError(t, "a link for something else", err, store.ErrNotFound)
}

// moved changes the user's address. It returns the changed user and the link that undoes
// the change.
func moved(t *testing.T, d *database, u store.User, email string) (store.User, string) {
	t.Helper()
	session := newSession(u.ID)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(session) }); err != nil {
		t.Fatal(err)
	}
	undo := put(t, d, u, store.PurposeUndo)
	v, err := verifyBy(t.Context(), d, putChange(t, d, u, session, email), store.Proof{Session: session.ID}, base(), event("x"))
	if err != nil {
		t.Fatal(err)
	}
	return v.User, undo
}

func undoCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	now, first := moved(t, d, u, "one-"+u.Email)
	now, second := moved(t, d, now, "two-"+u.Email)
	_, third := moved(t, d, now, "three-"+u.Email)
	undo := func(hash, password string) (undone, error) {
		return undoBy(t.Context(), d, hash, password, base(), event("x"))
	}
	// A later owner of an address does not lock the earlier owner out.
	if got, err := undo(second, "thief"); err != nil || got.User.Email != "one-"+u.Email || passwordOf(t, d, u.ID) != "thief" {
		t.Errorf("got %+v, %v; want the address before the second change", got, err)
	}
	_, err := undo(third, "x")
	wantError(t, "a later link", err, store.ErrNotFound)
	got, err := undo(first, "own")
	if err != nil || got.User.Email != u.Email || !got.User.EmailVerified || passwordOf(t, d, u.ID) != "own" {
		t.Errorf("got %+v, %v; want the first address", got, err)
	}
	for name, link := range map[string]string{"the second": second, "the third": third} {
		_, err := undo(link, "x")
		wantError(t, name+" after the first", err, store.ErrNotFound)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM "formerAddress" WHERE "userId" = ?`, u.ID); n != 0 {
		t.Errorf("got %d addresses that are still kept, want none", n)
	}
	if passwordOf(t, d, u.ID) != "own" {
		t.Error("a dead link has set the password")
	}
	// A click does not verify an unverified address.
	u, _ = signedUp(t, d)
	now, first = moved(t, d, u, "new-"+u.Email)
	if got, err := undo(first, ""); err != nil || got.User.Email != u.Email || got.User.EmailVerified {
		t.Errorf("got %+v, %v after %+v; want the address back as it was", got, err, now)
	}
	// The week is over.
	now, first = moved(t, d, u, "late-"+u.Email)
	_, err = undoBy(t.Context(), d, first, "x", base().Add(store.UndoFor), event("x"))
	wantError(t, "after a week", err, store.ErrNotFound)
	if got, err := d.UserByID(t.Context(), u.ID); err != nil || got.Email != now.Email {
		t.Errorf("got %+v, %v", got, err)
	}
}

func keptAddressCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	now, _ := moved(t, d, u, "new-"+u.Email)
	other := newUser()
	other.Email = u.Email
	wantError(t, "sign-up", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(other, "x") }), store.ErrConflict)
	wantError(t, "sign-up with a session", signUp(t.Context(), d, other, "x", newSession(other.ID)), store.ErrConflict)
	if n := d.CountRows(t, `SELECT count(*) FROM "user" WHERE id = ?`, other.ID); n != 0 {
		t.Error("a refused sign-up has left a user")
	}
	// Its owner may change back to it without undoing anything.
	if back, _ := moved(t, d, now, u.Email); back.Email != u.Email {
		t.Errorf("got %+v, want the user's own former address", back)
	}
	u, _ = signedUp(t, d)
	moved(t, d, u, "new-"+u.Email)
	late := newUser()
	late.Email, late.CreatedAt = u.Email, base().Add(store.UndoFor)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(late, "x") }); err != nil {
		t.Errorf("after a week: got %v, want the address free", err)
	}
}

func keptRaceCase(t *testing.T, d *database) {
	for n := range 5 {
		u, session := signedUp(t, d)
		link := putChange(t, d, u, session, "new-"+strconv.Itoa(n)+u.Email)
		var wg sync.WaitGroup
		for range 6 {
			other := newUser()
			other.Email = u.Email
			wg.Go(func() {
				for range 4 {
					wantError(t, "sign-up", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(other, "x") }), store.ErrConflict)
				}
			})
		}
		wg.Go(func() {
			if _, err := verifyBy(t.Context(), d, link, store.Proof{Session: session.ID}, base(), event("x")); err != nil {
				t.Errorf("change: %v", err)
			}
		})
		wg.Wait()
	}
}

func followRaceCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	undo, link := put(t, d, u, store.PurposeUndo), putChange(t, d, u, session, "new-"+u.Email)
	var mu sync.Mutex
	var did []string
	var wg sync.WaitGroup
	note := func(what string, done bool, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil && done {
			did = append(did, what)
		}
	}
	for range 4 {
		wg.Go(func() {
			v, err := verifyBy(t.Context(), d, link, store.Proof{Session: session.ID}, base(), event("x"))
			note("change", !v.Already, err)
		})
		wg.Go(func() {
			v, err := undoBy(t.Context(), d, undo, "own", base(), event("x"))
			note("undo", !v.Already, err)
		})
	}
	wg.Wait()
	slices.Sort(did)
	if got := strings.Join(did, " "); got != "undo" && got != "change undo" {
		t.Errorf("got %q, want each done once at most, and the undoing in any case", got)
	}
	if got, err := d.UserByID(t.Context(), u.ID); err != nil || got.Email != u.Email || passwordOf(t, d, u.ID) != "own" {
		t.Errorf("got %+v, %v; want the owner's address and password", got, err)
	}
}
