package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

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
