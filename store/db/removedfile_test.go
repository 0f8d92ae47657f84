package db_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// losses are the ways to remove a file from under a store. Tests in e2e show what the next
// start finds.
var losses = []struct {
	name string
	lose func(*testing.T, *atPath)
}{
	{"deleted", func(t *testing.T, a *atPath) { remove(t, a.path) }},
	{"moved away", func(t *testing.T, a *atPath) { rename(t, a.path, a.path+".old") }},
	{"restored by rename", func(t *testing.T, a *atPath) { rename(t, a.backup["copy"], a.path) }},
	{"deleted and restored", func(t *testing.T, a *atPath) { remove(t, a.path); copyOver(t, a.backup["vacuum"], a.path) }},
	{"deleted with its log, and restored", func(t *testing.T, a *atPath) {
		remove(t, a.path, a.path+"-wal", a.path+"-shm")
		copyOver(t, a.backup["online"], a.path)
	}},
	{"log deleted", func(t *testing.T, a *atPath) { remove(t, a.path+"-wal") }},
	{"index of the log deleted", func(t *testing.T, a *atPath) { remove(t, a.path+"-shm") }},
	{"written over with a copy", func(t *testing.T, a *atPath) { checkpoint(t, a); copyOver(t, a.backup["copy"], a.path) }},
	{"written over with a vacuumed backup", func(t *testing.T, a *atPath) { copyOver(t, a.backup["vacuum"], a.path) }},
	{"written over with an online backup", func(t *testing.T, a *atPath) { checkpoint(t, a); copyOver(t, a.backup["online"], a.path) }},
	{"emptied", func(t *testing.T, a *atPath) {
		if err := os.Truncate(a.path, 0); err != nil {
			t.Fatal(err)
		}
	}},
}

// checkpoint moves the log into the file, as SQLite sometimes does.
func checkpoint(t *testing.T, a *atPath) {
	t.Helper()
	a.Exec(t, `PRAGMA wal_checkpoint(PASSIVE)`)
	beat(t, a.database)
}

func TestARemovedFileIsDetected(t *testing.T) {
	t.Parallel()
	for _, loss := range losses {
		t.Run(loss.name, func(t *testing.T) {
			t.Parallel()
			a := newAtPath(t)
			loss.lose(t, a)
			if _, err := a.CreateTask(t.Context(), newTask(a.user.ID)); !errors.Is(err, db.ErrReplaced) {
				t.Errorf("the first write: got error %v, want %v", err, db.ErrReplaced)
			}
			for name, call := range methods(t.Context(), a.database, a.user, a.session, tasks.Task{}) {
				if err := call(); !errors.Is(err, db.ErrReplaced) || !errors.Is(err, db.ErrUnavailable) {
					t.Errorf("%s: got error %v, want %v", name, err, db.ErrReplaced)
				}
			}
			if _, err := a.Version(t.Context()); !errors.Is(err, db.ErrReplaced) {
				t.Errorf("version: got error %v, want %v", err, db.ErrReplaced)
			}
			err := a.Beat(t.Context(), "ins_test", base())
			if !errors.Is(err, db.ErrReplaced) || !strings.Contains(err.Error(), a.path) || !strings.Contains(err.Error(), "restart vestibule") {
				t.Errorf("beat: got error %v, want %v with the path and the cure", err, db.ErrReplaced)
			}
			if err := a.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// TestAMissingFileIsNotCreatedBesideItsLog: SQLite would delete the log, and the file may
// come back.
func TestAMissingFileIsNotCreatedBesideItsLog(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	rename(t, a.path, a.path+".old")
	if _, err := store.Open(t.Context(), a.URL); err == nil || !strings.Contains(err.Error(), "x.db-wal") {
		t.Errorf("got error %v, want one that names the log", err)
	}
	if _, err := os.Stat(a.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

// TestAFileThatComesBackIsServedAgain: meanwhile nothing was written to another file.
func TestAFileThatComesBackIsServedAgain(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	rename(t, a.path, a.path+".old")
	if _, err := a.CreateTask(t.Context(), newTask(a.user.ID)); !errors.Is(err, db.ErrReplaced) {
		t.Errorf("while it is away: got error %v, want %v", err, db.ErrReplaced)
	}
	rename(t, a.path+".old", a.path)
	created(t, a.database, newTask(a.user.ID))
	if got := len(listed(t, a.database, a.user.ID)); got != 22 {
		t.Errorf("got %d tasks, want the 22 that were acknowledged", got)
	}
}

func TestAWriteWhoseFileIsRemovedBeforeItsCommitIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	err := a.Tx(t.Context(), "sign out", func(tx *store.Tx) error {
		if err := tx.SignOut(event(store.EventSignOut), a.session.TokenHash); err != nil {
			return err
		}
		rename(t, a.path, a.path+".old")
		return nil
	})
	if !errors.Is(err, db.ErrReplaced) {
		t.Errorf("got error %v, want %v", err, db.ErrReplaced)
	}
}

// TestNoConnectionCreatesAFile or opens another file than the first connection.
func TestNoConnectionCreatesAFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	remove(t, a.path)
	for name, pool := range a.Pools() {
		pool.SetMaxIdleConns(0)
		if err := pool.PingContext(t.Context()); !errors.Is(err, db.ErrReplaced) {
			t.Errorf("%s: got error %v, want %v", name, err, db.ErrReplaced)
		}
	}
	if _, err := os.Stat(a.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file again: %v", err)
	}
	copyOver(t, a.backup["copy"], a.path)
	for name, pool := range a.Pools() {
		if err := pool.PingContext(t.Context()); !errors.Is(err, db.ErrReplaced) {
			t.Errorf("%s, another file: got error %v, want %v", name, err, db.ErrReplaced)
		}
	}
}
