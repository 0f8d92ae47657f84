package db_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"vestibule/store/db"
)

// TestABackupDestroysNoDatabase: --replace does not mean the database itself, under any name, nor
// the files that belong to it or another one that is in use.
func TestABackupDestroysNoDatabase(t *testing.T) {
	t.Parallel()
	a, other := newAtPath(t), newAtPath(t)
	folder := t.TempDir()
	hard, link, way := filepath.Join(folder, "hard.db"), filepath.Join(folder, "link.db"), filepath.Join(folder, "way")
	if err := errors.Join(os.Link(a.path, hard), os.Symlink(a.path, link), os.Symlink(filepath.Dir(a.path), way)); err != nil {
		t.Fatal(err)
	}
	targets := []string{a.path, hard, link, filepath.Join(way, "x.db"),
		a.path + "-wal", a.path + "-shm", a.path + "-journal", a.path + ".lock", a.path + ".sessions.lock"}
	if runtime.GOOS == "linux" {
		targets = append(targets, other.path)
	}
	for _, path := range targets {
		if err := a.Backup(t.Context(), path, db.BackupOptions{Replace: true}); !errors.Is(err, db.ErrInUse) {
			t.Errorf("%s: got error %v, want %v", path, err, db.ErrInUse)
		}
	}
	created(t, a.database, newTask(a.user.ID))
	created(t, other.database, newTask(other.user.ID))
}

// TestABackupGetsNoPlaceWhereItIsNoFile, or where SQLite would read a log of another file with it.
func TestABackupGetsNoPlaceWhereItIsNoFile(t *testing.T) {
	t.Parallel()
	a, folder := newAtPath(t), t.TempDir()
	if err := a.Backup(t.Context(), folder, db.BackupOptions{Replace: true}); err == nil || errors.Is(err, db.ErrFileExists) {
		t.Errorf("a folder: got error %v", err)
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		path := filepath.Join(folder, "backup"+suffix)
		write(t, path+suffix, "changes of another file")
		if err := a.Backup(t.Context(), path, db.BackupOptions{}); !errors.Is(err, db.ErrLogBeside) {
			t.Errorf("%s: got error %v, want %v", suffix, err, db.ErrLogBeside)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got error %v, want no file", suffix, err)
		}
	}
}

// TestABackupToAFileSystemWithoutLinks, such as that of a USB stick, does not fail at its end.
func TestABackupToAFileSystemWithoutLinks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	from, to := filepath.Join(folder, "from"), filepath.Join(folder, "to")
	noLinks := func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM} }
	write(t, from, "new")
	if err := db.MoveToNew(noLinks, from, to); err != nil {
		t.Error(err)
	}
	write(t, from, "newer")
	if err := db.MoveToNew(noLinks, from, to); err == nil {
		t.Error("a file that exists was replaced")
	}
	if text, err := os.ReadFile(to); err != nil || string(text) != "new" {
		t.Errorf("got %q, %v, want the first file", text, err)
	}
}

// TestABackupOfAnotherVersion is made: it is what one wants before an update.
func TestABackupOfAnotherVersion(t *testing.T) {
	t.Parallel()
	from := filepath.Join(t.TempDir(), "earlier.db")
	earlier[12].Fill(t, from)
	d := open(t, "sqlite:"+from)
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := d.Backup(t.Context(), path, db.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if done, _ := restore(t, path, filepath.Join(t.TempDir(), "x.db")); len(done.Migrations) == 0 {
		t.Error("the backup was migrated")
	}
}

// TestARestoreWhoseLastStepFailsPutsTheDatabaseBack, with its log.
func TestARestoreWhoseLastStepFailsPutsTheDatabaseBack(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	path := filepath.Join(t.TempDir(), "killed.db")
	copyOver(t, a.path, path)
	copyOver(t, a.path+"-wal", path+"-wal")
	aside, err := db.ReplaceWith(filepath.Join(t.TempDir(), "none"), path)
	if aside != "" || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %q, %v", aside, err)
	}
	if got := len(listed(t, open(t, "sqlite:"+path), a.user.ID)); got != 21 {
		t.Errorf("got %d tasks, want 21", got)
	}
}

// TestAStartAfterAnInterruptedRestoreCreatesNoDatabase: it would be empty, and look like a new
// installation.
func TestAStartAfterAnInterruptedRestoreCreatesNoDatabase(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	path := filepath.Join(t.TempDir(), "x.db")
	left := filepath.Join(filepath.Dir(path), ".x.db-unfinished-1")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(left, "database"), "half of it")
	if _, err := db.OpenWith(t.Context(), "sqlite:"+path, db.Options{}); !errors.Is(err, db.ErrInterrupted) {
		t.Errorf("a start: got error %v, want %v", err, db.ErrInterrupted)
	}
	_, restored := restore(t, a.backup["vacuum"], path)
	created(t, restored, newTask(a.user.ID))
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v, want the rest of the first restore deleted", err)
	}
}

// TestARestoreWhoseChangesAreOnlyInTheLogIsRefused: SQLite does not say that it could not write
// them into the file, for example because the disk was full.
func TestARestoreWhoseChangesAreOnlyInTheLogIsRefused(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	path := filepath.Join(t.TempDir(), "x.db")
	_, err := db.Restore(t.Context(), a.backup["vacuum"], "sqlite:"+path, db.RestoreOptions{Prepare: func(ctx context.Context, d *db.DB) error {
		var draft string
		if err := d.Pools()["read"].QueryRowContext(ctx, `SELECT file FROM pragma_database_list`).Scan(&draft); err != nil {
			return err
		}
		reader := (&database{Direct: "sqlite:" + draft}).Raw(t) // the last one that closes moves the log
		var n int
		if err := reader.QueryRowContext(ctx, `SELECT count(*) FROM session`).Scan(&n); err != nil {
			return err
		}
		_, err := d.Pools()["write"].ExecContext(ctx, `DELETE FROM session`)
		return err
	}})
	if !errors.Is(err, db.ErrLogBeside) {
		t.Errorf("got error %v, want %v", err, db.ErrLogBeside)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v, want no database", err)
	}
}

// TestARestoreLeavesNoJournalBesideTheBackup: SQLite would undo its changes in the new file.
func TestARestoreLeavesNoJournalBesideTheBackup(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	path := filepath.Join(t.TempDir(), "x.db")
	write(t, path+"-journal", "changes of another file")
	restore(t, a.backup["vacuum"], path)
	if kept, _ := filepath.Glob(path + "-journal-before-*"); len(kept) != 1 {
		t.Errorf("got %v, want the journal", kept)
	}
}
