package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"vestibule/store"
)

func TestTheVersionChangesWhenAnyProcessWrites(t *testing.T) {
	d := migrated(t, variants()[0])
	u, session := signedUp(t, d)
	last := version(t, d)
	for range 3 {
		if now := version(t, d); now != last {
			t.Errorf("got version %d after %d without a write", now, last)
		}
		if _, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, d.URL) // like another process
	for name, write := range map[string]func(){
		"this store": func() {
			if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
				return recordOf(tx, u.ID, event("x"), tx.UpdateUser(u.ID, store.UserChange{}, base()))
			}); err != nil {
				t.Fatal(err)
			}
		},
		"another store": func() {
			if err := other.Tx(t.Context(), "test", func(tx *store.Tx) error {
				return recordOf(tx, u.ID, event("x"), tx.UpdateUser(u.ID, store.UserChange{}, base()))
			}); err != nil {
				t.Fatal(err)
			}
		},
		"somebody by hand": func() { d.Exec(t, `UPDATE "user" SET name = 'x'`) },
	} {
		before := version(t, d)
		write()
		if version(t, d) == before {
			t.Errorf("%s: got the same version after a write", name)
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
