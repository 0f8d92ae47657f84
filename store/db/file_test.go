package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// atPath is a migrated store on a separate file, with a backup of each kind. Each backup
// has one task of the user.
type atPath struct {
	*database
	path    string
	user    store.User
	session store.Session
	backup  map[string]string // by how it was made
}

func newAtPath(t *testing.T) *atPath {
	t.Helper()
	folder := t.TempDir()
	a := &atPath{path: filepath.Join(folder, "x.db"), backup: map[string]string{}}
	backup := func(kind string) string {
		a.backup[kind] = filepath.Join(folder, kind)
		return a.backup[kind]
	}
	// A copy of a closed file, from yesterday.
	storetest.Fill(t, a.path)
	before := open(t, "sqlite:"+a.path)
	a.user, a.session = signedUp(t, before)
	created(t, before, newTask(a.user.ID))
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	copyOver(t, a.path, backup("copy"))

	a.database = open(t, "sqlite:"+a.path)
	beat(t, a.database) // as it happens every few seconds
	raw := a.Raw(t)
	if _, err := raw.Exec(`VACUUM INTO '` + backup("vacuum") + `'`); err != nil {
		t.Fatal(err)
	}
	onlineBackup(t, raw.DB, backup("online"))
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 { // the backups have some of these pages, but not these rows
		created(t, a.database, newTask(a.user.ID))
	}
	beat(t, a.database)
	return a
}

func beat(t *testing.T, s *database) {
	t.Helper()
	if err := s.Beat(t.Context(), "ins_test", base()); err != nil {
		t.Fatal(err)
	}
}

// onlineBackup does the same as `sqlite3 x.db ".backup y.db"`.
func onlineBackup(t *testing.T, db *sql.DB, to string) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		b, err := c.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(to)
		if err != nil {
			return err
		}
		if _, err := b.Step(-1); err != nil {
			return err
		}
		return b.Finish()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyOver works like cp: the file stays the same, and its bytes change.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

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

func TestASymbolicLinkLeadsToTheSameClaim(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	if err := a.ClaimSessions(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "y.db")
	if err := os.Symlink(a.path, link); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, link)
	created(t, open(t, "sqlite:"+link), newTask(a.user.ID))

	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Symlink(filepath.Dir(a.path), folder); err != nil {
		t.Fatal(err)
	}
	wantClaimed(t, filepath.Join(folder, "x.db"))
}

// wantClaimed checks that a second server that opens the path is refused.
func wantClaimed(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := open(t, "sqlite:"+path).ClaimSessions(ctx, func() {}); !errors.Is(err, db.ErrClaimed) {
		t.Errorf("%s: got error %v, want %v", path, err, db.ErrClaimed)
	}
}

// TestAHardLinkIsRefused, because it would have a separate log.
func TestAHardLinkIsRefused(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	for _, link := range []string{filepath.Join(filepath.Dir(a.path), "y.db"), filepath.Join(t.TempDir(), "x.db")} {
		if err := os.Link(a.path, link); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), "sqlite:"+link); !errors.Is(err, db.ErrOtherName) {
			t.Errorf("%s: got error %v, want %v", link, err, db.ErrOtherName)
		}
		if _, err := os.Stat(link + "-wal"); err == nil {
			t.Errorf("%s has a log", link)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, "sqlite:"+filepath.Join(filepath.Dir(a.path), "y.db")) // without other users a hard link is accepted
}

func TestALinkToNoFileIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link := filepath.Join(folder, "x.db")
	if err := os.Symlink(filepath.Join(folder, "nowhere.db"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+link); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got error %v, want it named", err)
	}
}

// TestARedirectedLinkIsAReplacedFile: the file still exists, but the link leads to another
// one.
func TestARedirectedLinkIsAReplacedFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	link := filepath.Join(t.TempDir(), "current.db")
	if err := os.Symlink(a.path, link); err != nil {
		t.Fatal(err)
	}
	s := open(t, "sqlite:"+link)
	created(t, s, newTask(a.user.ID))
	remove(t, link)
	if err := os.Symlink(a.backup["copy"], link); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateTask(t.Context(), newTask(a.user.ID)); !errors.Is(err, db.ErrReplaced) {
		t.Errorf("got error %v, want %v", err, db.ErrReplaced)
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

// TestAClaimNeedsNoLockFile: another program may have deleted it.
func TestAClaimNeedsNoLockFile(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	if err := a.ClaimSessions(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	remove(t, a.path+".sessions.lock")
	wantClaimed(t, a.path)
}
