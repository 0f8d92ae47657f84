package store_test

import (
	"slices"
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
