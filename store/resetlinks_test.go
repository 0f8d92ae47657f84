package store_test

import (
	"slices"
	"testing"
	"time"

	"vestibule/store"
)

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
