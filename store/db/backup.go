package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNotSQLite means that only a SQLite database can do this.
var ErrNotSQLite = NewError("the database is not SQLite")

// ErrDamaged means that SQLite's own check has found a fault in a file.
var ErrDamaged = errors.New("the file is damaged")

// ErrFileExists means that there is already a file of this name.
var ErrFileExists = errors.New("the file exists")

// ErrLogBeside means that the log of another SQLite file is beside the path.
var ErrLogBeside = errors.New("this is the log of another file")

var errNoFile = errors.New("it is not a file")

// BackupOptions say how a backup is written. The zero value has the defaults.
type BackupOptions struct {
	Replace bool // replace a file of this name; the old one stays until the new one is verified

	// Progress is called now and then with what is being done and how many bytes of how many
	// are done; nil: nobody is told.
	Progress func(step string, done, total int64)
}

// Backup writes a copy of the SQLite database to a new file at path, as the database is at one
// moment during the call. Other processes may use the database meanwhile, and write to it. The
// file is checked as a whole and on disk when Backup returns nil; before that there is nothing at
// path. Only this user can read it. It returns ErrNotSQLite, ErrFileExists, ErrInUse if the path
// belongs to a database in use, ErrLogBeside, ErrForeign if the database has no tables of
// Vestibule, ErrDamaged, or an error of the file system.
//
// SQLite cannot start its log again while the copy is read, so the log grows with what is
// written meanwhile.
func (s *DB) Backup(ctx context.Context, path string, o BackupOptions) error {
	if s.engine.shared {
		return ErrNotSQLite
	}
	if err := s.checkTarget(path, o.Replace); err != nil {
		return err
	}
	draft, err := newDraft(path)
	if err != nil {
		return err
	}
	defer draft.remove()
	err = createFile(draft.file)
	if err == nil {
		err = s.copyPages(ctx, draft.file, o.Progress)
	}
	if err == nil {
		err = verifyFile(ctx, draft.file, o.Progress)
	}
	if err == nil {
		err = draft.publish(path, o.Replace)
	}
	return draft.failure(err, path)
}

// checkTarget refuses a path at which a backup would destroy a database, or be damaged itself.
func (s *DB) checkTarget(path string, replace bool) error {
	if s.file.owns(path) {
		return fmt.Errorf("%s belongs to the database: %w", path, ErrInUse)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode()&(os.ModeType&^os.ModeSymlink) != 0:
		return &fs.PathError{Op: "write", Path: path, Err: errNoFile}
	case !replace:
		return fmt.Errorf("%s: %w", path, ErrFileExists)
	case info.Mode().IsRegular():
		f, err := holdFile(path, os.O_RDONLY)
		if err != nil {
			return err
		}
		used := usedByOthers(f.handle)
		if err := f.release(); err != nil || used {
			return errors.Join(err, fmt.Errorf("%s: %w", path, ErrInUse))
		}
	}
	return checkNoLog(path)
}

// checkNoLog refuses a path beside which a log of another file is. SQLite would write it into the
// new one.
func checkNoLog(path string) error {
	for _, suffix := range logs {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 {
			return fmt.Errorf("%s: %w", path+suffix, ErrLogBeside)
		}
	}
	return nil
}

// pagesAtOnce is how many pages are copied between two looks at the context: 4 MiB.
const pagesAtOnce = 1024

// backupConn is a connection of the driver that can copy its database.
type backupConn interface {
	NewBackup(uri string) (*sqlite.Backup, error)
}

// copyPages copies the database into a new file.
func (s *DB) copyPages(ctx context.Context, to string, progress func(string, int64, int64)) error {
	pool, err := sqlitePool(s.file, 1, s.patience, url.Values{"_query_only": {"true"}})
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A transaction that has read keeps what it reads. Without it, the copy would begin again
	// after each write of another process, and beside a busy server never end.
	if _, err := conn.ExecContext(ctx, `BEGIN`); err != nil {
		return err
	}
	var tables, size int64
	if err := conn.QueryRowContext(ctx, `SELECT count(*), (SELECT page_size FROM pragma_page_size) FROM sqlite_schema`).Scan(&tables, &size); err != nil {
		return err
	}
	return conn.Raw(func(c any) error {
		b, err := c.(backupConn).NewBackup(fileURI(to))
		if err != nil {
			return err
		}
		more := true
		for more && err == nil {
			if more, err = b.Step(pagesAtOnce); err == nil {
				err = ctx.Err()
			}
			if progress != nil {
				total := int64(b.PageCount()) * size
				progress("copied", total-int64(b.Remaining())*size, total)
			}
		}
		return errors.Join(err, b.Finish())
	})
}

// fileURI names a file for SQLite. A path may contain ?, # and %.
func fileURI(path string) string {
	uri := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + uri.EscapedPath()
}

// verifyFile opens a copy as Vestibule would, and checks all of it. It returns ErrForeign for
// a file that is not ours, and ErrDamaged.
func verifyFile(ctx context.Context, path string, progress func(string, int64, int64)) error {
	s, err := OpenWith(ctx, "sqlite:"+path, Options{})
	if err != nil {
		return damage(err)
	}
	err = damage(s.verify(ctx, progress))
	return errors.Join(err, s.Close())
}

// verify checks every page of the file, every index against its table, and every reference to
// another table.
func (s *DB) verify(ctx context.Context, progress func(string, int64, int64)) error {
	if progress != nil {
		if info, err := os.Stat(s.file.path); err == nil {
			progress("verifying", 0, info.Size())
		}
	}
	if applied, err := s.appliedMigrations(ctx); err != nil {
		return err
	} else if len(applied) == 0 {
		return fmt.Errorf("%w: it has no tables of Vestibule", ErrForeign)
	}
	// Not a Call, whose five seconds are too short for a large file.
	var report string
	if err := s.read.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&report); err != nil {
		return err
	}
	if report != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, report)
	}
	var table, refers string
	switch err := s.read.QueryRowContext(ctx, `SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1`).Scan(&table, &refers); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: a row of the table %s refers to a row of %s that is not there", ErrDamaged, table, refers)
}

// damage adds ErrDamaged to SQLite's own error about the content of a file.
func damage(err error) error {
	if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == sqlite3.SQLITE_CORRUPT {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// timeInName is how names of files have a time.
func timeInName(t time.Time) string { return t.UTC().Format("20060102T150405.000") }
