package db_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/store"
	"vestibule/store/db"
)

// TestCheckpointsAndOtherProgramsAreNoLoss: changes that SQLite itself makes to the file
// are accepted.
func TestCheckpointsAndOtherProgramsAreNoLoss(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	fine := func(what string) {
		t.Helper()
		if _, err := a.CreateTask(t.Context(), newTask(a.user.ID)); err != nil {
			t.Errorf("after %s: %v", what, err)
		}
		beat(t, a.database)
	}
	for _, statement := range []string{
		`PRAGMA wal_checkpoint(PASSIVE)`, `PRAGMA wal_checkpoint(TRUNCATE)`, `DELETE FROM tasks`, `VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`,
		`CREATE INDEX another ON tasks (title)`, `PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		a.Exec(t, statement)
		fine(statement)
	}
	second := open(t, a.URL)
	created(t, second, newTask(a.user.ID))
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	fine("another store has come and gone")
	if matches, _ := filepath.Glob(a.path + "-wal-before-*"); len(matches) > 0 {
		t.Errorf("the log was put aside: %v", matches)
	}
}

// TestASecondStoreFindsNoLogOfAnotherFile: it would write that log into its own file.
func TestASecondStoreFindsNoLogOfAnotherFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	rename(t, a.backup["copy"], a.path) // and no store has noticed yet
	if _, err := store.Open(t.Context(), a.URL); !errors.Is(err, db.ErrOtherFile) {
		t.Errorf("got error %v, want %v", err, db.ErrOtherFile)
	}
}

// TestAStoreWhoseFileIsGoneDoesNotTouchTheNewOne: both have the same name.
func TestAStoreWhoseFileIsGoneDoesNotTouchTheNewOne(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	remove(t, a.path, a.path+"-wal", a.path+"-shm")
	fresh := open(t, a.URL)
	if err := fresh.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, _ := signedUp(t, fresh)
	if _, err := a.CreateTask(t.Context(), newTask(a.user.ID)); !errors.Is(err, db.ErrReplaced) {
		t.Errorf("got error %v, want %v", err, db.ErrReplaced)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	created(t, fresh, newTask(u.ID))
	if info, err := os.Stat(a.path + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the other's log is gone: %v", err)
	}
}

// TestAStoreWhoseFileWasOverwrittenDoesNotTouchIt: at the end of its last connection SQLite
// would move the log into the backup.
func TestAStoreWhoseFileWasOverwrittenDoesNotTouchIt(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	copyOver(t, a.backup["vacuum"], a.path)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(a.backup["vacuum"])
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(a.path) // this releases the store's locks, which are no longer needed
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the backup was written to, error %v", err)
	}
}

// TestBothProcessesDetectAnOverwrittenFile, although the first one moves the log away.
func TestBothProcessesDetectAnOverwrittenFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	second := open(t, a.URL)
	copyOver(t, a.backup["vacuum"], a.path)
	for _, s := range []*database{a.database, second} {
		_, err := s.CreateTask(t.Context(), newTask(a.user.ID))
		if !errors.Is(err, db.ErrReplaced) || !strings.Contains(err.Error(), "written over") {
			t.Errorf("got error %v, want %v", err, db.ErrReplaced)
		}
	}
}
