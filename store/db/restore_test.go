package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/store"
	"vestibule/store/db"
)

// restore restores a backup and returns the database.
func restore(t *testing.T, from, path string) (db.Restored, *database) {
	t.Helper()
	done, err := db.Restore(t.Context(), from, "sqlite:"+path, db.RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return done, open(t, "sqlite:"+path)
}

// TestARestoreReplacesAKilledDatabaseAndItsLog: the log of a killed server is not written into
// the backup. A copy by hand damages the file here.
func TestARestoreReplacesAKilledDatabaseAndItsLog(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"copy", "vacuum", "online"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAtPath(t)
			process, lines := startProcess(t, a.URL, a.user.ID, "create")
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				lines.Scan()
			}
			if err := process.Kill(); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() { // until it has ended
			}
			if info, err := os.Stat(a.path + "-wal"); err != nil || info.Size() == 0 {
				t.Fatalf("there is no log: %v", err)
			}
			done, restored := restore(t, a.backup[kind], a.path)
			if got := len(listed(t, restored, a.user.ID)); got != 1 {
				t.Errorf("got %d tasks, want the 1 of the backup", got)
			}
			created(t, restored, newTask(a.user.ID))
			if got := len(listed(t, open(t, "sqlite:"+done.Aside), a.user.ID)); got < 41 {
				t.Errorf("got %d tasks in the database that was put aside, want 41 or more", got)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(a.path), ".*")); left != nil {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestARestoreReadsTheLogOfTheBackup, as it is beside a copy of the files of a killed server.
func TestARestoreReadsTheLogOfTheBackup(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	from := filepath.Join(t.TempDir(), "files")
	copyOver(t, a.path, from) // no other store is open, so nothing moves the log
	copyOver(t, a.path+"-wal", from+"-wal")
	_, restored := restore(t, from, filepath.Join(t.TempDir(), "new", "x.db"))
	if got := len(listed(t, restored, a.user.ID)); got != 21 {
		t.Errorf("got %d tasks, want 21", got)
	}
}

// TestARestoreIsRefused, and everything stays as it was.
func TestARestoreIsRefused(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	closed := newAtPath(t)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		write(t, path, text)
		return path
	}
	whole, err := os.ReadFile(a.backup["vacuum"])
	if err != nil {
		t.Fatal(err)
	}
	damaged := []byte(string(whole))
	for i := len(damaged) / 2; i < len(damaged)/2+8000; i++ {
		damaged[i] ^= 0xff
	}
	foreign := filepath.Join(folder, "foreign.db")
	other := (&database{Direct: "sqlite:" + foreign}).Raw(t)
	if _, err := other.Exec(`CREATE TABLE notes (text TEXT)`); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	failing := errors.New("prepare has failed")
	for _, tt := range []struct {
		name, from, into string
		prepare          func(context.Context, *db.DB) error
		want             error
	}{
		{"into a database in use", a.backup["vacuum"], a.path, nil, db.ErrInUse},
		{"from a database in use", a.path, closed.path, nil, db.ErrInUse},
		{"from itself", closed.path, closed.path, nil, db.ErrItself},
		{"no file", filepath.Join(folder, "none"), closed.path, nil, os.ErrNotExist},
		{"an empty file", file("empty", ""), closed.path, nil, db.ErrForeign},
		{"a text", file("text", strings.Repeat("text ", 2000)), closed.path, nil, db.ErrForeign},
		{"another program's", foreign, closed.path, nil, db.ErrForeign},
		{"half of the file", file("half", string(whole[:len(whole)/2])), closed.path, nil, db.ErrDamaged},
		{"damaged", file("damaged", string(damaged)), closed.path, nil, db.ErrDamaged},
		{"prepare", a.backup["vacuum"], closed.path, func(context.Context, *db.DB) error { return failing }, failing},
	} {
		_, err := db.Restore(t.Context(), tt.from, "sqlite:"+tt.into, db.RestoreOptions{Prepare: tt.prepare})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got error %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := db.Restore(t.Context(), folder, "sqlite:"+closed.path, db.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: got error %v", err)
	}
	for _, d := range []*atPath{a, closed} {
		if got := len(listed(t, open(t, d.URL), d.user.ID)); got != 21 {
			t.Errorf("got %d tasks, want 21", got)
		}
		if left, _ := filepath.Glob(d.path + "-before-*"); left != nil {
			t.Errorf("%v was put aside", left)
		}
	}
}

// TestARestoreMigratesAnEarlierVersion, and leaves the backup as it is.
func TestARestoreMigratesAnEarlierVersion(t *testing.T) {
	t.Parallel()
	from, path := filepath.Join(t.TempDir(), "earlier.db"), filepath.Join(t.TempDir(), "x.db")
	earlier[12].Fill(t, from)
	done, restored := restore(t, from, path)
	if len(done.Migrations) == 0 || done.Aside != "" {
		t.Errorf("got %+v, want migrations and nothing that was put aside", done)
	}
	if err := restored.CheckMigrated(t.Context()); err != nil {
		t.Error(err)
	}
	if again, _ := restore(t, from, filepath.Join(t.TempDir(), "y.db")); len(again.Migrations) != len(done.Migrations) {
		t.Errorf("got %d migrations the second time, want %d", len(again.Migrations), len(done.Migrations))
	}
}

// TestARestoreBesideTheLogOfAMissingFile moves that log away: the file may still be somewhere.
func TestARestoreBesideTheLogOfAMissingFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "x.db")
	copyOver(t, a.path+"-wal", path+"-wal")
	if _, err := store.Open(t.Context(), "sqlite:"+path); err == nil {
		t.Error("a start beside the log is not refused")
	}
	_, restored := restore(t, a.backup["vacuum"], path)
	if got := len(listed(t, restored, a.user.ID)); got != 1 {
		t.Errorf("got %d tasks, want 1", got)
	}
	if kept, _ := filepath.Glob(path + "-wal-before-*"); len(kept) != 1 {
		t.Errorf("got %v, want the log", kept)
	}
}

// TestARestoreEndsAllSessions, also those that do not fit into one batch.
func TestARestoreEndsAllSessions(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	_, err := a.Raw(t).Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
		INSERT INTO session (id, token, "userId", "createdAt", "updatedAt", "expiresAt", "cookieAt")
		SELECT 'ses_more' || i, printf('%064x', i), "userId", "createdAt", "updatedAt", "expiresAt", "cookieAt" FROM n, session WHERE id = ?`, a.session.ID)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := store.New(a.DB).EndAllSessions(t.Context(), store.Event{At: base(), Type: store.EventRestored, Actor: store.ActorOperator})
	if err != nil || ended != 1101 {
		t.Errorf("got %d sessions ended, %v, want 1101", ended, err)
	}
	if left, err := a.SessionsOf(t.Context(), a.user.ID, base()); err != nil || len(left) > 0 {
		t.Errorf("got %d sessions, %v, want none", len(left), err)
	}
	if events, err := a.Events(t.Context(), store.EventFilter{Type: store.EventRestored}, 10); err != nil || len(events) != 1 {
		t.Errorf("got %v, %v, want it in the audit trail", events, err)
	}
}
