package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store/db"
)

// TestABackupBesideAWriterHasAllThatWasAcknowledged before it began, and is a database of its
// own.
func TestABackupBesideAWriterHasAllThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	_, lines := startProcess(t, a.URL, a.user.ID, "create")
	for range 50 {
		lines.Scan()
	}
	before := listed(t, a.database, a.user.ID)
	go func() { // so that the other process never waits for its reader
		for lines.Scan() {
		}
	}()
	path := filepath.Join(t.TempDir(), "backup.db")
	var steps []string
	err := a.Backup(t.Context(), path, db.BackupOptions{Progress: func(step string, done, total int64) {
		steps = append(steps, step)
		if total <= 0 || done > total {
			t.Errorf("%s: got %d of %d bytes", step, done, total)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if steps = slices.Compact(steps); !slices.Equal(steps, []string{"copied", "verifying"}) {
		t.Errorf("got the steps %q", steps)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file that only this user can read", info.Mode(), err)
	}
	wantAlone(t, path)
	copied := open(t, "sqlite:"+path)
	got := listed(t, copied, a.user.ID)
	for _, id := range before {
		if !slices.Contains(got, id) {
			t.Fatalf("task %d, of %d before the backup, is not among its %d", id, len(before), len(got))
		}
	}
	created(t, copied, newTask(a.user.ID))
}

// wantAlone fails if there is anything else in the folder of path.
func wantAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			t.Errorf("%s is left beside %s", e.Name(), path)
		}
	}
}

func TestABackupReplacesAFileOnlyIfAsked(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	path := filepath.Join(t.TempDir(), "backup.db")
	write(t, path, "precious")
	if err := a.Backup(t.Context(), path, db.BackupOptions{}); !errors.Is(err, db.ErrFileExists) {
		t.Errorf("got error %v, want %v", err, db.ErrFileExists)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("got %q, %v: the file is not as it was", text, err)
	}
	wantAlone(t, path)
	if err := a.Backup(t.Context(), path, db.BackupOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	if got := len(listed(t, open(t, "sqlite:"+path), a.user.ID)); got != 21 {
		t.Errorf("got %d tasks in the backup, want 21", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestABackupThatFailsLeavesNothing: not even a file that looks like one.
func TestABackupThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	path := filepath.Join(t.TempDir(), "backup.db")
	ctx, cancel := context.WithCancel(t.Context())
	err := a.Backup(ctx, path, db.BackupOptions{Progress: func(string, int64, int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got error %v", err)
	}
	raw := a.Raw(t)
	for _, statement := range []string{`PRAGMA foreign_keys = OFF`, `PRAGMA writable_schema = ON`,
		`UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'session') WHERE name = 'tasks'`} {
		if _, err := raw.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Backup(t.Context(), path, db.BackupOptions{}); !errors.Is(err, db.ErrDamaged) {
		t.Errorf("damaged: got error %v, want %v", err, db.ErrDamaged)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) > 0 {
		t.Errorf("got %v, %v, want an empty folder", entries, err)
	}
}

func TestABackupOfARowWithoutItsUserIsRefused(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	raw := a.Raw(t)
	raw.SetMaxOpenConns(1)
	for _, statement := range []string{`PRAGMA foreign_keys = OFF`, `DELETE FROM "user"`} {
		if _, err := raw.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	err := a.Backup(t.Context(), filepath.Join(t.TempDir(), "backup.db"), db.BackupOptions{})
	if !errors.Is(err, db.ErrDamaged) {
		t.Errorf("got error %v, want %v", err, db.ErrDamaged)
	}
}

func TestOnlySQLiteIsBackedUp(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		if v.Name == "sqlite" {
			continue
		}
		d := storetest.Migrated(t, v)
		path := filepath.Join(t.TempDir(), "backup.db")
		if err := d.Backup(t.Context(), path, db.BackupOptions{}); !errors.Is(err, db.ErrNotSQLite) {
			t.Errorf("%s: got error %v, want %v", v.Name, err, db.ErrNotSQLite)
		}
		if _, err := db.Restore(t.Context(), path, d.URL, db.RestoreOptions{}); !errors.Is(err, db.ErrNotSQLite) {
			t.Errorf("%s: got error %v, want %v", v.Name, err, db.ErrNotSQLite)
		}
		return
	}
}
