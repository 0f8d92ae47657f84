package store_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func mailCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a mail is claimed once, and again when its claim ends": claimMailCase,
		"of many that claim each gets another mail":             claimRaceCase,
		"a mail that was put off comes later":                   retryMailCase,
		"a mail is for whoever has the address":                 mailUserCase,
		"a deleted user's mails are gone":                       mailOfDeletedCase,
		"a link is read as it was written":                      verificationCase,
		"a link of the same mail replaces the one before":       replaceVerificationCase,
		"expired links are deleted, the others are not":         deleteVerificationsCase,
	}
}

// drain removes the mails that other cases have left in the outbox.
func drain(t *testing.T, d *database) {
	t.Helper()
	d.Exec(t, `DELETE FROM mail`)
}

func queue(t *testing.T, d *database, m store.Mail) {
	t.Helper()
	m.CreatedAt = base()
	if m.DueAt.IsZero() {
		m.DueAt = base()
	}
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.QueueMail(m) }); err != nil {
		t.Fatal(err)
	}
}

func claimMailCase(t *testing.T, d *database) {
	drain(t, d)
	u, _ := signedUp(t, d)
	queue(t, d, store.Mail{Kind: store.MailReset, Recipient: "later@example.com", DueAt: base().Add(time.Minute)})
	queue(t, d, store.Mail{Kind: store.MailChange, Recipient: u.Email, UserID: u.ID, NewEmail: "new@example.com", CallbackURL: "/x"})
	_, err := d.ClaimMail(t.Context(), base().Add(-time.Millisecond), base())
	wantError(t, "before it is due", err, store.ErrNotFound)

	got, err := d.ClaimMail(t.Context(), base(), base().Add(2*time.Minute))
	want := store.Mail{ID: got.ID, Kind: store.MailChange, Recipient: u.Email, UserID: u.ID, NewEmail: "new@example.com", CallbackURL: "/x", CreatedAt: kept(0), DueAt: kept(2 * time.Minute), Attempts: 1}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || !strings.HasPrefix(got.ID, "mail_") {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	_, err = d.ClaimMail(t.Context(), base(), base().Add(2*time.Minute))
	wantError(t, "while it is claimed", err, store.ErrNotFound)
	later, err := d.ClaimMail(t.Context(), base().Add(time.Minute), base().Add(time.Hour))
	if err != nil || later.Recipient != "later@example.com" {
		t.Errorf("got %+v, %v; want the one that has become due", later, err)
	}
	again, err := d.ClaimMail(t.Context(), base().Add(2*time.Minute), base().Add(time.Hour))
	if err != nil || again.ID != got.ID || again.Attempts != 2 {
		t.Errorf("got %+v, %v; want the first again", again, err)
	}
	for range 2 {
		if err := d.DeleteMail(t.Context(), got.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.CountRows(t, `SELECT count(*) FROM mail`); n != 1 {
		t.Errorf("got %d mails left, want 1", n)
	}
}

func claimRaceCase(t *testing.T, d *database) {
	drain(t, d)
	const mails = 12
	for range mails {
		queue(t, d, store.Mail{Kind: store.MailReset, Recipient: "x@example.com"})
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				m, err := d.ClaimMail(t.Context(), base(), base().Add(time.Hour))
				if errors.Is(err, store.ErrNotFound) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				claimed[m.ID]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(claimed) != mails {
		t.Errorf("got %d mails claimed, want %d", len(claimed), mails)
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
}

func retryMailCase(t *testing.T, d *database) {
	drain(t, d)
	queue(t, d, store.Mail{Kind: store.MailReset, Recipient: "x@example.com"})
	m, err := d.ClaimMail(t.Context(), base(), base().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RetryMail(t.Context(), m, base().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	// Late, after another worker has claimed it.
	if err := d.RetryMail(t.Context(), m, base().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = d.ClaimMail(t.Context(), base().Add(59*time.Second), base().Add(time.Hour))
	wantError(t, "too early", err, store.ErrNotFound)
	if m, err = d.ClaimMail(t.Context(), base().Add(time.Minute), base().Add(time.Hour)); err != nil || m.Attempts != 2 {
		t.Errorf("got %+v, %v; want the second attempt", m, err)
	}
}

func mailUserCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	disabled, _ := signedUp(t, d)
	held(t, d, u, "old-"+u.Email, base().Add(time.Hour))
	d.Exec(t, `UPDATE "user" SET "disabledAt" = ? WHERE id = ?`, "2026-03-01T11:00:00.000Z", disabled.ID)
	for name, tt := range map[string]struct {
		mail store.Mail
		want string
	}{
		"by address":                      {store.Mail{Recipient: u.Email}, u.ID},
		"by address and id":               {store.Mail{Recipient: u.Email, UserID: u.ID}, u.ID},
		"nobody's address":                {store.Mail{Recipient: "nobody@example.com"}, ""},
		"somebody else has it by now":     {store.Mail{Recipient: other.Email, UserID: u.ID}, ""},
		"a disabled user":                 {store.Mail{Recipient: disabled.Email}, ""},
		"an old address":                  {store.Mail{Kind: store.MailEmailChanged, Recipient: "old-" + u.Email, UserID: u.ID}, u.ID},
		"an old address that is not kept": {store.Mail{Kind: store.MailEmailChanged, Recipient: "older-" + u.Email, UserID: u.ID}, ""},
		"an old address of somebody else": {store.Mail{Kind: store.MailEmailChanged, Recipient: "old-" + u.Email, UserID: other.ID}, ""},
		"an old address of a lost user":   {store.Mail{Kind: store.MailEmailChanged, Recipient: "old-" + u.Email, UserID: "usr_lost"}, ""},
		"an old address of no known user": {store.Mail{Kind: store.MailEmailChanged, Recipient: "old-" + u.Email}, ""},
	} {
		got, err := d.MailUser(t.Context(), tt.mail)
		if tt.want == "" {
			wantError(t, name, err, store.ErrNotFound)
		} else if err != nil || got.ID != tt.want {
			t.Errorf("%s: got %s, %v; want %s", name, got.ID, err, tt.want)
		}
	}
	for address, want := range map[string]bool{u.Email: false, "free@example.com": true, disabled.Email: false, "old-" + u.Email: false} {
		if free, err := d.AddressFree(t.Context(), address, base()); err != nil || free != want {
			t.Errorf("%s: got %t, %v; want %t", address, free, err, want)
		}
	}
	if free, err := d.AddressFree(t.Context(), "old-"+u.Email, base().Add(time.Hour)); err != nil || !free {
		t.Errorf("got %t, %v; want the old address free when it is kept no longer", free, err)
	}
}

// held reserves an address for a user until a time.
func held(t *testing.T, d *database, u store.User, email string, until time.Time) {
	t.Helper()
	d.Exec(t, `INSERT INTO "formerAddress" (email, "userId", "emailVerified", "heldUntil") VALUES (?, ?, ?, ?)`,
		email, u.ID, true, until.UTC().Format("2006-01-02T15:04:05.000Z"))
}

func mailOfDeletedCase(t *testing.T, d *database) {
	drain(t, d)
	u, _ := signedUp(t, d)
	queue(t, d, store.Mail{Kind: store.MailPasswordChanged, Recipient: u.Email, UserID: u.ID})
	if _, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event(store.EventUserDeleted)) }); err != nil {
		t.Fatal(err)
	}
	_, err := d.ClaimMail(t.Context(), base(), base())
	wantError(t, "the mail", err, store.ErrNotFound)
}

func verificationCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	for _, v := range []store.Verification{{Purpose: store.PurposeVerify}, {Purpose: store.PurposeChange, NewEmail: "new@example.com", SessionID: session.ID}} {
		v.ID, v.TokenHash, v.UserID, v.Email, v.CreatedAt, v.ExpiresAt = mailing(t, d, u), newHash(), u.ID, u.Email, base(), base().Add(time.Hour)
		if err := d.PutVerification(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		want := v
		want.CreatedAt, want.ExpiresAt = kept(0), kept(time.Hour)
		got, err := d.LinkByToken(t.Context(), v.TokenHash, store.PurposeReset, v.Purpose)
		if diff := cmp.Diff(want, got.Verification); diff != "" || err != nil || got.User.Email != u.Email {
			t.Errorf("error %v, user %+v (-want +got):\n%s", err, got.User, diff)
		}
		_, err = d.LinkByToken(t.Context(), v.TokenHash, store.PurposeReset, store.PurposeUndo)
		wantError(t, "for another purpose", err, store.ErrNotFound)
	}
}

func replaceVerificationCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	v := store.Verification{ID: mailing(t, d, u), Purpose: store.PurposeReset, TokenHash: newHash(), UserID: u.ID, Email: u.Email, CreatedAt: base(), ExpiresAt: base().Add(time.Hour)}
	before := v.TokenHash
	for range 2 {
		if err := d.PutVerification(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		v.TokenHash = newHash()
	}
	_, err := d.LinkByToken(t.Context(), before, store.PurposeReset)
	wantError(t, "the link before", err, store.ErrNotFound)
}

func deleteVerificationsCase(t *testing.T, d *database) {
	d.Exec(t, `DELETE FROM verification`)
	u, _ := signedUp(t, d)
	hash := put(t, d, u, store.PurposeReset)
	held(t, d, u, "old-"+u.Email, base().Add(time.Hour))
	if n, err := d.DeleteExpiredVerifications(t.Context(), base().Add(time.Hour-time.Millisecond)); err != nil || n != 0 {
		t.Errorf("got %d, %v; want none deleted yet", n, err)
	}
	if n, err := d.DeleteExpiredVerifications(t.Context(), base().Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("got %d, %v; want 1", n, err)
	}
	_, err := d.LinkByToken(t.Context(), hash, store.PurposeReset)
	wantError(t, "deleted", err, store.ErrNotFound)
	if n := d.CountRows(t, `SELECT count(*) FROM "formerAddress" WHERE "userId" = ?`, u.ID); n != 0 {
		t.Errorf("got %d addresses that are kept no longer, want none", n)
	}
}
