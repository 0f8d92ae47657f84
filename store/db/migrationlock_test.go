package db_test

import (
	"strings"
	"testing"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// TestAWaitForAnotherMigrationIsReported: an operator sees that nothing hangs, and on
// PostgreSQL for whom it waits.
func TestAWaitForAnotherMigrationIsReported(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			other := open(t, d.URL) // SQLite: it looks at the lock too
			release, err := d.LockMigrations(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			waits := waiting(other)
			result := make(chan error, 1)
			go func() { result <- other.MigrateUp(t.Context()) }()
			w := waittest.Receive(t, "a report of the wait", waits)
			if text := w.String(); !strings.Contains(text, "another process migrates this database, for ") || strings.Contains(text, "attempt") {
				t.Errorf("got %q, want what it waits for", text)
			}
			if shared := other.Shared(); shared != (len(w.Blockers) == 1 && w.Blockers[0].PID > 0 && w.Blockers[0].User != "") {
				t.Errorf("got %+v, want the other process on PostgreSQL alone", w.Blockers)
			}
			release()
			if err = waittest.Receive(t, "the end of the migration", result); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAnOpenThatWaitsForAMigrationIsReported: on SQLite it cannot even look at the schema
// before.
func TestAnOpenThatWaitsForAMigrationIsReported(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	release, err := d.LockMigrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan db.LockWait, 16)
	result := make(chan error, 1)
	go func() {
		s, err := db.OpenWith(t.Context(), d.URL, db.Options{OnLockWait: func(w db.LockWait) { waits <- w }})
		if err == nil {
			err = s.Close()
		}
		result <- err
	}()
	w := waittest.Receive(t, "a report of the wait", waits)
	if text := w.String(); !strings.Contains(text, "another process migrates this database, for ") {
		t.Errorf("got %q, want what it waits for", text)
	}
	release()
	if err = waittest.Receive(t, "the end of the wait", result); err != nil {
		t.Error(err)
	}
}
