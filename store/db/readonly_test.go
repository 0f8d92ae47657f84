package db_test

import (
	"errors"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

func TestAFileThatBecomesReadOnlyIsUnavailableToWriters(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	if _, err := d.Pools()["write"].Exec(`PRAGMA query_only = true`); err != nil { // causes the same SQLITE_READONLY
		t.Fatal(err)
	}
	wantReadsOnly(t, d, u, session, task)
}

// TestAStandbyIsUnavailableToWriters until it is promoted. It answers lib/pq's BEGIN READ
// WRITE with an error for unsupported features.
func TestAStandbyIsUnavailableToWriters(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	url := server.Database(t)
	d := migratedURL(t, url, url)
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	server.Demote(t)
	s := open(t, url)
	wantReadsOnly(t, s, u, session, task)
	wantError(t, "migrate up", s.MigrateUp(t.Context()), db.ErrUnavailable)
	server.Promote(t)
	var err error
	for end := time.Now().Add(waittest.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = s.Beat(t.Context(), "ins_test", base()); err == nil {
			break
		}
		wantError(t, "beat", err, db.ErrUnavailable)
	}
	if err != nil {
		t.Fatalf("after it was promoted: %v", err)
	}
	created(t, s, newTask(u.ID))
}

// wantReadsOnly checks that every call that writes is unavailable, and that every call that
// only reads succeeds.
func wantReadsOnly(t *testing.T, s *database, u store.User, session store.Session, task tasks.Task) {
	t.Helper()
	reads := map[string]bool{}
	for _, name := range readsOnly {
		reads[name] = true
	}
	calls := methods(t.Context(), s, u, session, task)
	delete(calls, "MigrateUp") // has a separate lock
	for name, call := range calls {
		switch err := call(); {
		case reads[name] && err != nil:
			t.Errorf("%s: got error %v, want none", name, err)
		case !reads[name] && !errors.Is(err, db.ErrUnavailable):
			t.Errorf("%s: got error %v, want %v", name, err, db.ErrUnavailable)
		}
	}
	wantError(t, "beat", s.Beat(t.Context(), "ins_test", base()), db.ErrUnavailable)
}
