package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrInUse means that another process has the file open.
var ErrInUse = errors.New("another process uses the file")

// ErrItself means that a restore was asked to restore the database from its own file.
var ErrItself = errors.New("it is the database itself")

// ErrInterrupted means that a restore was killed and there is no database at the path.
var ErrInterrupted = errors.New("a restore was interrupted")

// RestoreOptions say how a backup is restored. The zero value has the defaults.
type RestoreOptions struct {
	// Prepare changes the data before it takes the place of the old; nil: nothing is changed.
	Prepare func(context.Context, *DB) error

	Progress   func(step string, done, total int64) // as in BackupOptions
	OnLockWait func(LockWait)                       // as in Options
}

// Restored says what Restore has done.
type Restored struct {
	Migrations []string // that were applied to the data of an older version
	Aside      string   // the new path of the database that was there; "" if there was none
}

// Restore puts the database in the file from in the place of the SQLite database of the URL.
// It works on a copy, which it checks as a whole, migrates and prepares. Only then it moves the
// database that was there aside, together with its log, which belongs to that file alone:
// SQLite would write it into the new one. So whatever fails, the old database stays as it was.
//
// from may be a file that Backup has written, or a copy that another program has made with
// SQLite's functions; if it has a log beside it, that is read too. It is not changed.
//
// No process may use the database: Restore returns ErrInUse. It also returns ErrNotSQLite, ErrItself,
// ErrForeign and ErrDamaged about from, ErrAhead, or an error of the file system.
func Restore(ctx context.Context, from, databaseURL string, o RestoreOptions) (Restored, error) {
	path, err := sqlitePath(databaseURL)
	if err != nil {
		return Restored{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Restored{}, err
	}
	var release func()
	whileReporting(ctx, o.OnLockWait, nobodyKnown, func() { release, err = lockFile(ctx, path+".lock") })
	if err != nil {
		return Restored{}, err
	}
	defer release() // until then no process opens the database
	free, err := lockAll(path)
	if err != nil {
		return Restored{}, err
	}
	defer free()
	if err := removeDrafts(path); err != nil {
		return Restored{}, err
	}
	draft, err := newDraft(path)
	if err != nil {
		return Restored{}, err
	}
	defer draft.remove()
	done, err := draft.restore(ctx, from, path, o)
	return done, draft.failure(err, path)
}

// removeDrafts removes what restores that were killed have left. No other one runs.
func removeDrafts(path string) error {
	found, err := draftsOf(path)
	for _, folder := range found {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

func (d draft) restore(ctx context.Context, from, path string, o RestoreOptions) (done Restored, err error) {
	if err := d.fill(ctx, from, path, o.Progress); err != nil {
		return Restored{}, err
	}
	if done.Migrations, err = prepare(ctx, d.file, o); err != nil {
		return Restored{}, fmt.Errorf("%s: %w", from, err)
	}
	if err := d.sync(); err != nil {
		return Restored{}, err
	}
	if done.Aside, err = d.replace(path); err != nil {
		return Restored{Aside: done.Aside}, err
	}
	return done, nil
}

// fill copies the backup and its log into the draft.
func (d draft) fill(ctx context.Context, from, path string, progress func(string, int64, int64)) error {
	if target, err := os.Stat(path); err == nil {
		if source, err := os.Stat(from); err == nil && os.SameFile(source, target) {
			return fmt.Errorf("%s: %w", from, ErrItself)
		}
	}
	if info, err := os.Stat(from); err == nil && !info.Mode().IsRegular() { // to open a pipe would wait
		return &fs.PathError{Op: "read", Path: from, Err: errNoFile}
	}
	if err := copyFile(ctx, from, d.file, progress); err != nil {
		return err
	}
	for _, suffix := range logs { // of a copy that was made from a stopped server
		if err := copyFile(ctx, from+suffix, d.file+suffix, nil); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// prepare checks, migrates and changes the copy, and returns the names of the migrations.
func prepare(ctx context.Context, path string, o RestoreOptions) (applied []string, err error) {
	if err := verifyFile(ctx, path, o.Progress); err != nil {
		return nil, err
	}
	s, err := OpenWith(ctx, "sqlite:"+path, Options{})
	if err != nil {
		return nil, err
	}
	if applied, err = s.ApplyPending(ctx); err == nil && o.Prepare != nil {
		err = o.Prepare(ctx, s)
	}
	return applied, errors.Join(err, s.Close())
}

// sqlitePath returns the path of the database's file, with links resolved.
func sqlitePath(databaseURL string) (string, error) {
	path, ok := strings.CutPrefix(databaseURL, "sqlite:")
	if !ok {
		return "", ErrNotSQLite
	}
	path, err := databasePath(path)
	if err != nil {
		return "", err
	}
	return followLinks(path)
}

// lockAll locks the database against all other processes, or returns ErrInUse. free unlocks
// it.
func lockAll(path string) (free func(), err error) {
	sessions, err := tryLockFile(path + ".sessions.lock")
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, err
	}
	if !fileLocks { // and Windows does not rename a file that we have open
		return func() { _ = sessions.Close() }, nil
	}
	f, err := holdFile(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return func() { _ = sessions.Close() }, nil
	}
	if err == nil {
		free = func() {
			unlockFile(f.handle)
			_ = f.release()
			_ = sessions.Close()
		}
		if err = tryAlone(f.handle); err == nil {
			return free, nil
		}
		free()
	} else {
		_ = sessions.Close()
	}
	if errors.Is(err, errLocked) {
		err = ErrInUse
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// copyFile copies a file that no other process has open as a database.
func copyFile(ctx context.Context, from, to string, progress func(string, int64, int64)) error {
	f, err := holdFile(from, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer func() { _ = f.release() }()
	if usedByOthers(f.handle) {
		return fmt.Errorf("%s: %w", from, ErrInUse)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- a draft
	if err != nil {
		return err
	}
	const atOnce = 4 << 20
	for done, n := int64(0), int64(0); err == nil; {
		n, err = io.CopyN(out, f.handle, atOnce)
		if done += n; progress != nil {
			progress("copied", done, f.id.Size())
		}
		if err == nil {
			err = ctx.Err()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, out.Close())
}
