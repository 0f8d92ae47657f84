package store_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/store"
)

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
