package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// sessionEar receives what is told about sessions.
type sessionEar struct {
	mu   sync.Mutex
	told []string
}

func (e *sessionEar) note(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = append(e.told, what)
}

func (e *sessionEar) Ended(hash string)   { e.note("ended " + hash) }
func (e *sessionEar) Changed(hash string) { e.note("changed " + hash) }
func (e *sessionEar) AllEnded()           { e.note("all") }
func (e *sessionEar) Listening()          {}

// take returns what was told since the last call.
func (e *sessionEar) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	told := e.told
	e.told = nil
	return told
}

func hearSessions(t *testing.T, s *database) *sessionEar {
	t.Helper()
	e := &sessionEar{}
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { s.WatchSessions(ctx, e) })
	t.Cleanup(func() { cancel(); watching.Wait() })
	waittest.Until(t, "notifications arrive", func() bool {
		_, err := s.Version(t.Context())
		return err == nil
	})
	return e
}

// TestEveryEndOfASessionIsTold, whoever ends it: this process, another one, or a person with
// psql. What opens nothing less is not told.
func TestEveryEndOfASessionIsTold(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	other := open(t, d.URL)
	ear := hearSessions(t, d)
	u, _ := signedUp(t, d)
	for _, tt := range []struct {
		name string
		do   func(store.Session)
		want string // followed by the token hash; "" for nothing
	}{
		{"a sign-out at another instance", func(s store.Session) {
			if err := other.EndSession(t.Context(), s.TokenHash); err != nil {
				t.Fatal(err)
			}
		}, "ended"},
		{"a DELETE by hand", func(s store.Session) { d.Exec(t, `DELETE FROM session WHERE id = ?`, s.ID) }, "ended"},
		{"another token", func(s store.Session) {
			d.Exec(t, `UPDATE session SET token = repeat('a', 64) WHERE id = ?`, s.ID)
			d.Exec(t, `DELETE FROM session WHERE token = repeat('a', 64)`)
		}, "ended"},
		{"a shorter life", func(s store.Session) {
			d.Exec(t, `UPDATE session SET "expiresAt" = now() + interval '1 minute' WHERE id = ?`, s.ID)
		}, "changed"},
		{"a new password proof", func(s store.Session) { d.Exec(t, `UPDATE session SET "provenAt" = now() WHERE id = ?`, s.ID) }, "changed"},
		{"another name of the user", func(store.Session) { d.Exec(t, `UPDATE "user" SET name = name || 'x'`) }, "changed"},
		{"a disabled user", func(store.Session) { d.Exec(t, `UPDATE "user" SET "disabledAt" = now()`) }, "changed"},
		{"a longer life", func(s store.Session) {
			d.Exec(t, `UPDATE session SET "updatedAt" = now(), "expiresAt" = "expiresAt" + interval '1 day', "cookieAt" = now() WHERE id = ?`, s.ID)
		}, ""},
		{"the clean-up of an expired one", func(s store.Session) {
			d.Exec(t, `DELETE FROM session WHERE "expiresAt" <= now()`)
		}, ""},
	} {
		s := newSession(u.ID)
		s.ExpiresAt = time.Now().Add(time.Hour)
		if tt.name == "the clean-up of an expired one" {
			s.ExpiresAt = time.Now().Add(-time.Hour)
		}
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(s) }); err != nil {
			t.Fatal(err)
		}
		tt.do(s)
		// What comes after it is told after it.
		mark := newSession(u.ID)
		mark.ExpiresAt = time.Now().Add(time.Hour)
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(mark) }); err != nil {
			t.Fatal(err)
		}
		d.Exec(t, `DELETE FROM session WHERE id = ?`, mark.ID)
		var told []string
		waittest.Until(t, tt.name, func() bool {
			told = append(told, ear.take()...)
			return len(told) > 0 && told[len(told)-1] == "ended "+mark.TokenHash
		})
		got := ""
		for _, what := range told[:len(told)-1] {
			if what == "ended "+s.TokenHash {
				got = "ended"
			} else if what == "changed "+s.TokenHash {
				got = "changed"
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %q told, want %q", tt.name, got, tt.want)
		}
	}
	d.Exec(t, `TRUNCATE session CASCADE`)
	waittest.Until(t, "the end of all sessions", func() bool {
		told := ear.take()
		return len(told) > 0 && told[len(told)-1] == "all"
	})
}

// TestTheVersionChangesWhenNotificationsMayHaveBeenMissed: and while nothing is heard, there is
// none.
func TestTheVersionChangesWhenNotificationsMayHaveBeenMissed(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	if n, err := d.Version(t.Context()); err == nil {
		t.Errorf("got version %d before anybody listens", n)
	}
	hearSessions(t, d)
	listener := func() int {
		return d.CountRows(t, `SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`)
	}
	pid := listener()
	before, err := d.Version(t.Context())
	time.Sleep(2 * time.Second) // several heartbeats
	now, laterErr := d.Version(t.Context())
	if errors.Join(err, laterErr) == nil && listener() == pid && now != before { // a busy machine may lose the connection
		t.Errorf("got version %d after %d while all was heard", now, before)
	}
	d.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`)
	waittest.Until(t, "another version", func() bool {
		now, err := d.Version(t.Context())
		return err == nil && now != before
	})
}

// TestBehindAPoolerOnlyADirectConnectionHears: a pooler in transaction mode takes LISTEN and
// delivers nothing.
func TestBehindAPoolerOnlyADirectConnectionHears(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	pooled := open(t, pgtest.PgBouncer(t, d.URL))
	silent := make(chan bool, 8)
	pooled.OnListening(func(is bool, _ error) { silent <- !is })
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { pooled.WatchSessions(ctx, &sessionEar{}) })
	if !waittest.Receive(t, "the news that nothing is heard", silent) {
		t.Error("notifications arrived through a pooler")
	}
	if n, err := pooled.Version(t.Context()); err == nil {
		t.Errorf("got version %d though nothing is heard", n)
	}
	cancel()
	watching.Wait()

	direct := open(t, pgtest.PgBouncer(t, d.URL))
	if err := direct.ListenAt(d.URL); err != nil {
		t.Fatal(err)
	}
	hearSessions(t, direct)
}
