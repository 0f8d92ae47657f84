package store_test

import (
	"strings"
	"sync"
	"sync/atomic"
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

func extendCase(t *testing.T, d *database) {
	_, session := signedUp(t, d)
	updated, expires := base().Add(time.Hour), base().Add(48*time.Hour)
	for _, step := range []struct {
		name string
		seen time.Time
		want bool
	}{
		{"a time that is not the row's", session.UpdatedAt.Add(time.Millisecond), false},
		{"the time of the row", kept(time.Second), true},
		{"the time of the row before", kept(time.Second), false},
	} {
		got, err := d.ExtendSession(t.Context(), session.TokenHash, step.seen, updated, expires)
		if err != nil || got != step.want {
			t.Errorf("%s: got %t, error %v, want %t", step.name, got, err, step.want)
		}
	}
	got, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
	if err != nil || !got.UpdatedAt.Equal(kept(time.Hour)) || !got.ExpiresAt.Equal(kept(48*time.Hour)) || !got.CreatedAt.Equal(kept(0)) {
		t.Errorf("got %+v, error %v, want it extended", got, err)
	}
}

func extendRaceCase(t *testing.T, d *database) {
	_, session := signedUp(t, d)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			at := base().Add(time.Duration(i+1) * time.Minute)
			extended, err := d.ExtendSession(t.Context(), session.TokenHash, session.UpdatedAt, at, at.Add(time.Hour))
			if err != nil {
				t.Errorf("extend: %v", err)
			}
			if extended {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if got := won.Load(); got != 1 {
		t.Errorf("extensions that succeeded: got %d, want 1", got)
	}
}

func noResurrectionCase(t *testing.T, d *database) {
	_, session := signedUp(t, d)
	if err := d.EndSession(t.Context(), session.TokenHash); err != nil {
		t.Fatalf("end: %v", err)
	}
	extended, err := d.ExtendSession(t.Context(), session.TokenHash, session.UpdatedAt, base(), base().Add(time.Hour))
	if extended || err != nil {
		t.Errorf("got %t, error %v, want false", extended, err)
	}
	if exists(t, d, session.TokenHash) {
		t.Error("the session is back")
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

func liveCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	now := base()
	want := map[string]time.Time{}
	var ask []string
	for i, expires := range []time.Duration{-time.Hour, 0, time.Millisecond, time.Hour} {
		session := newSession(u.ID)
		session.ExpiresAt = now.Add(expires)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(session) }); err != nil {
			t.Fatalf("start: %v", err)
		}
		if expires > 0 {
			want[session.TokenHash] = kept(expires)
		}
		ask = append(ask, session.TokenHash)
		for range i * 800 { // enough rows to put them in different batches
			ask = append(ask, newHash())
		}
	}
	got, err := d.LiveSessions(t.Context(), ask, now)
	if err != nil {
		t.Fatalf("live sessions: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of %d (-want +got):\n%s", len(ask), diff)
	}
	if got, err := d.LiveSessions(t.Context(), nil, now); err != nil || len(got) != 0 {
		t.Errorf("of none: got %v, error %v, want none", got, err)
	}
}

func deleteExpiredCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	// Earlier than the sessions of all other cases.
	now := base().AddDate(-10, 0, 0)
	if _, err := d.DeleteExpiredSessions(t.Context(), now); err != nil {
		t.Fatalf("delete leftovers: %v", err)
	}
	alive := map[string]bool{}
	for _, expires := range []time.Duration{-time.Hour, 0, time.Millisecond} {
		session := newSession(u.ID)
		session.ExpiresAt = now.Add(expires)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(session) }); err != nil {
			t.Fatalf("start: %v", err)
		}
		alive[session.TokenHash] = expires > 0
	}
	if n, err := d.DeleteExpiredSessions(t.Context(), now); n != 2 || err != nil {
		t.Errorf("deleted: got %d, error %v, want 2", n, err)
	}
	for hash, want := range alive {
		if got := exists(t, d, hash); got != want {
			t.Errorf("session is there: got %t, want %t", got, want)
		}
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

// A row whose times another program has written must be extendable too.
func preciseRowCase(t *testing.T, d *database) {
	if d.Engine() == "sqlite" {
		return // its columns are text, and a CHECK enforces one form
	}
	_, session := signedUp(t, d)
	d.Exec(t, `UPDATE session SET "updatedAt" = '2026-01-02T03:04:05.678912Z' WHERE token = ?`, session.TokenHash)
	got, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	extended, err := d.ExtendSession(t.Context(), session.TokenHash, got.UpdatedAt, base(), base())
	if !extended || err != nil {
		t.Errorf("extend what was seen at %v: got %t, error %v, want true", got.UpdatedAt, extended, err)
	}
}

func TestOnlyTheSQLiteFormOfATimeIsStored(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	_, session := signedUp(t, d)
	raw := d.Raw(t)
	for _, wrong := range []string{"2026-01-02 03:04:05", "2026-01-02T03:04:05Z", "1767323045", ""} {
		if _, err := raw.Exec(`UPDATE session SET "expiresAt" = ? WHERE token = ?`, wrong, session.TokenHash); err == nil {
			t.Errorf("%q was stored; compared as text it is not in order", wrong)
		}
	}
}
