package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store"
)

// TestTheVersionChangesWithSessions: whoever ends or changes one, and only then. Each write of
// a task would otherwise make all sessions be read again.
func TestTheVersionChangesWithSessions(t *testing.T) {
	d := migrated(t, variants()[0])
	u, session := signedUp(t, d)
	leaving, _ := signedUp(t, d)
	other := open(t, d.URL) // like another process
	tx := func(s *database, f func(*store.Tx) error) {
		t.Helper()
		if err := s.Tx(t.Context(), "test", f); err != nil {
			t.Fatal(err)
		}
	}
	for _, write := range []struct {
		name    string
		do      func()
		changes bool
	}{
		{"a read", func() { _, _, _ = d.SessionByTokenHash(t.Context(), session.TokenHash) }, false},
		{"a task", func() { created(t, d, newTask(u.ID)) }, false},
		{"a session that becomes longer", func() {
			d.Exec(t, `UPDATE session SET "expiresAt" = '2999-01-01T00:00:00.000Z', "updatedAt" = "expiresAt", "cookieAt" = "expiresAt"`)
		}, false},
		{"a new session", func() {
			tx(other, func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID)) })
		}, false},
		{"a session that becomes shorter", func() { d.Exec(t, `UPDATE session SET "expiresAt" = "createdAt" WHERE id = ?`, session.ID) }, true},
		{"another token", func() { d.Exec(t, `UPDATE session SET token = ? WHERE id = ?`, newHash(), session.ID) }, true},
		{"a proof of the password", func() { d.Exec(t, `UPDATE session SET "provenAt" = '2999-01-01T00:00:00.000Z'`) }, true},
		{"a new name, by hand", func() { d.Exec(t, `UPDATE "user" SET name = 'x'`) }, true},
		{"a deleted session, by hand", func() { d.Exec(t, `DELETE FROM session WHERE id = ?`, session.ID) }, true},
		{"a disabled user, by this store", func() { tx(d, func(tx *store.Tx) error { return tx.DisableUser(u.ID, event("x")) }) }, true},
		{"an enabled user, by another store", func() { tx(other, func(tx *store.Tx) error { return tx.EnableUser(u.ID, event("x")) }) }, true},
		{"a deleted user, by hand", func() { d.Exec(t, `DELETE FROM "user" WHERE id = ?`, leaving.ID) }, true},
	} {
		before := version(t, d)
		write.do()
		if write.changes {
			waittest.Until(t, "another version after "+write.name, func() bool { return version(t, d) != before })
			continue
		}
		time.Sleep(50 * time.Millisecond) // more than the time without a query
		if now := version(t, d); now != before {
			t.Errorf("%s: got version %d after %d, want the same", write.name, now, before)
		}
	}
}

func version(t *testing.T, s *database) int64 {
	t.Helper()
	n, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCallersThatLeaveDoNotBreakTheVersion: a new connection would start a new count, and
// could reach an earlier number again.
func TestCallersThatLeaveDoNotBreakTheVersion(t *testing.T) {
	d := migrated(t, variants()[0])
	before := version(t, d)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Microsecond)
				_, _ = d.Version(ctx)
				cancel()
			}
		})
	}
	wg.Wait()
	if now := version(t, d); now != before {
		t.Errorf("got version %d after %d without a write", now, before)
	}
}

// TestPostgreSQLHasNoVersion while this process listens to nothing.
func TestPostgreSQLHasNoVersion(t *testing.T) {
	d := migrated(t, variants()[1])
	if n, err := d.Version(t.Context()); err == nil {
		t.Errorf("got version %d, want an error", n)
	}
}

func BenchmarkVersion(b *testing.B) {
	s, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/x.db")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if _, err := s.Version(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSessionByTokenHash(b *testing.B) {
	s, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/x.db")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.MigrateUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	u := newUser()
	session := newSession(u.ID)
	if err := signUp(b.Context(), s, u, "x", session); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := s.SessionByTokenHash(b.Context(), session.TokenHash); err != nil {
			b.Fatal(err)
		}
	}
}
