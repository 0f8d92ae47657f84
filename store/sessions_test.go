package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func sessionCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a session is read as it was written":                     sessionRoundTripCase,
		"an expired session is returned too":                      expiredSessionCase,
		"a new session ends the one it replaces":                  replaceSessionCase,
		"a session that cannot start ends none":                   failedStartCase,
		"the database holds the hash and refuses a token":         hashOnlyCase,
		"an extension needs the time that was seen":               extendCase,
		"of 50 extensions at once one succeeds":                   extendRaceCase,
		"an ended session is not brought back by an extension":    noResurrectionCase,
		"the time of the cookie moves forward only":               cookieCase,
		"ending a session twice is fine":                          endTwiceCase,
		"live sessions are told from expired and ended ones":      liveCase,
		"expired sessions are deleted, those that live are not":   deleteExpiredCase,
		"rows of Better Auth without address and agent are read":  nullColumnsCase,
		"a row with times beyond the millisecond can be extended": preciseRowCase,
	}
}

func sessionRoundTripCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	for name, change := range map[string]func(*store.Session){
		"remembered":     func(*store.Session) {},
		"not remembered": func(s *store.Session) { s.RememberMe = false },
		"anonymous":      func(s *store.Session) { s.IPAddress, s.UserAgent = "", "" },
	} {
		session := newSession(u.ID)
		change(&session)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(session) }); err != nil {
			t.Fatalf("%s: start: %v", name, err)
		}
		want := session
		want.CreatedAt, want.UpdatedAt = kept(0), kept(time.Second)
		want.ExpiresAt, want.CookieAt, want.ProvenAt = kept(time.Hour), kept(2*time.Second), kept(0)
		got, owner, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
		if err != nil {
			t.Fatalf("%s: read: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if owner.ID != u.ID {
			t.Errorf("%s: got user %s, want %s", name, owner.ID, u.ID)
		}
		for _, at := range []time.Time{got.CreatedAt, got.ExpiresAt, owner.CreatedAt} {
			if at.Location() != time.UTC {
				t.Errorf("%s: got a time in %v, want UTC", name, at.Location())
			}
		}
	}
}

func expiredSessionCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	session := newSession(u.ID)
	session.ExpiresAt = time.Unix(0, 0)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(session) }); err != nil {
		t.Fatalf("start: %v", err)
	}
	got, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
	if err != nil || !got.ExpiresAt.Equal(time.Unix(0, 0)) {
		t.Errorf("got expiry %v, error %v, want 1970", got.ExpiresAt, err)
	}
	_, _, err = d.SessionByTokenHash(t.Context(), newHash())
	wantError(t, "unknown hash", err, store.ErrNotFound)
}

func replaceSessionCase(t *testing.T, d *database) {
	u, before := signedUp(t, d)
	after := newSession(u.ID)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(after, before.TokenHash) }); err != nil {
		t.Fatalf("start: %v", err)
	}
	if exists(t, d, before.TokenHash) {
		t.Error("the replaced session is still there")
	}
	if !exists(t, d, after.TokenHash) {
		t.Error("the new session is not there")
	}
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID), newHash()) }); err != nil {
		t.Errorf("replacing a session that does not exist: got error %v, want none", err)
	}
}

func failedStartCase(t *testing.T, d *database) {
	u, presented := signedUp(t, d)
	stranger := newSession(newUser().ID)
	wantError(t, "unknown user", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(stranger, presented.TokenHash) }), store.ErrNoUser)
	_, taken := signedUp(t, d)
	twin := newSession(u.ID)
	twin.TokenHash = taken.TokenHash
	wantError(t, "taken hash", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(twin, presented.TokenHash) }), store.ErrConflict)
	twin = newSession(u.ID)
	twin.ID = taken.ID
	wantError(t, "taken id", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(twin, presented.TokenHash) }), store.ErrConflict)
	if !exists(t, d, presented.TokenHash) {
		t.Error("the presented session has ended")
	}
}

func hashOnlyCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	if n := d.CountRows(t, `SELECT count(*) FROM session WHERE "userId" = ? AND token = ?`, u.ID, session.TokenHash); n != 1 {
		t.Errorf("rows with the hash: got %d, want 1", n)
	}
	for name, token := range map[string]string{
		"a token":         "mGm0TmAm4BLvZyQLIrFQNqXkPCsm3jJ1V5WnIYdgbNY",
		"upper-case hash": strings.ToUpper(session.TokenHash),
		"nothing":         "",
	} {
		wrong := newSession(u.ID)
		wrong.TokenHash = token
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(wrong) }); err == nil {
			t.Errorf("%s in place of a hash was stored", name)
		}
	}
}

func cookieCase(t *testing.T, d *database) {
	_, session := signedUp(t, d)
	for _, step := range []struct{ send, want time.Duration }{
		{5 * time.Second, 5 * time.Second},
		{3 * time.Second, 5 * time.Second}, // a late answer
		{5 * time.Second, 5 * time.Second},
		{9 * time.Second, 9 * time.Second},
	} {
		if err := d.MarkCookieSent(t.Context(), session.TokenHash, base().Add(step.send)); err != nil {
			t.Fatalf("mark %v: %v", step.send, err)
		}
		got, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
		if err != nil || !got.CookieAt.Equal(kept(step.want)) {
			t.Errorf("after %v: got %v, error %v, want %v", step.send, got.CookieAt, err, kept(step.want))
		}
	}
	wantError(t, "an ended session", d.MarkCookieSent(t.Context(), newHash(), base()), store.ErrNotFound)
}

func endTwiceCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	other := newSession(u.ID)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(other) }); err != nil {
		t.Fatalf("start: %v", err)
	}
	for range 2 {
		if err := d.EndSession(t.Context(), session.TokenHash); err != nil {
			t.Errorf("end: %v", err)
		}
	}
	if exists(t, d, session.TokenHash) || !exists(t, d, other.TokenHash) {
		t.Error("want the one session ended and the user's other one alive")
	}
}

func nullColumnsCase(t *testing.T, d *database) {
	_, session := signedUp(t, d)
	d.Exec(t, `UPDATE session SET "ipAddress" = NULL, "userAgent" = NULL WHERE token = ?`, session.TokenHash)
	got, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
	if err != nil || got.IPAddress != "" || got.UserAgent != "" {
		t.Errorf("got address %q, agent %q, error %v, want them empty", got.IPAddress, got.UserAgent, err)
	}
}
