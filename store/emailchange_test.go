package store_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"vestibule/store"
)

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
