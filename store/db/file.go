package db

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// A SQLite file may be deleted, replaced or overwritten with a backup while it is open.
// SQLite does not notice: it keeps writing to a file that nobody can reach, or mixes the
// backup with its log and damages the file. So:
//
//   - No connection creates a file (mode=rw). Only createFile does, before the first one.
//   - The files at the paths must be the open ones. This is checked before each write, after
//     its commit but before it is confirmed, and once a second for reads.
//   - The header of the file must not be older than the last one seen. An older header means
//     that a backup was copied over the file.
//   - The log of a replaced file must not get into the new file. It is renamed, and the
//     connections stay open until the process ends, because closing the last one would write
//     the log.

// ErrReplaced means that the file at the path is no longer the open one. It wraps
// ErrUnavailable.
var ErrReplaced = fmt.Errorf("%w: its file was replaced", ErrUnavailable)

// file is an open SQLite database file.
type file struct {
	heldHandle
	given string   // the absolute path as configured, which may contain links
	path  string   // with its links resolved
	log   *os.File // nil until it exists

	sides []side // the log and its index

	checked     atomic.Int64 // when reads have last checked
	overwritten atomic.Bool  // permanent: the connections' view is not the file's content any more

	mu   sync.Mutex // guards seen
	seen header
}

// side is a file that SQLite keeps beside the database.
type side struct {
	path string
	id   os.FileInfo
}

// openFile opens the existing file at path and takes the locks that show it to others.
func openFile(given, path string) (*file, error) {
	held, err := holdFile(path, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	f := &file{given: given, path: path, heldHandle: held}
	if err = f.claimName(); err == nil {
		err = f.claimLog()
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// claimName makes sure that all processes have the file open under one name. SQLite puts
// its log beside that name, so two names would have two logs. One folder that is mounted in
// two places counts as one name.
func (f *file) claimName() error {
	folder, err := os.Stat(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return claimName(f.handle, folder, filepath.Base(f.path))
}

// claimLog makes sure that nobody uses the log for an earlier file at this path. Otherwise
// opening this file would write the content of that log into it.
func (f *file) claimLog() error {
	log, err := os.OpenFile(f.path+"-wal", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.log != nil { // SQLite has no locks on the log, so it may be closed
		_ = f.log.Close()
	}
	f.log = log
	if err := claimName(log, f.id, ""); errors.Is(err, ErrOtherName) {
		return ErrOtherFile
	} else if err != nil {
		return err
	}
	return nil
}

// settle remembers the files beside the database, after a permanent connection has opened
// them.
func (f *file) settle() error {
	if err := f.claimLog(); err != nil {
		return err
	}
	var sides []side
	for _, path := range []string{f.path + "-wal", f.path + "-shm"} {
		id, err := os.Stat(path)
		if err != nil {
			return err
		}
		sides = append(sides, side{path, id})
	}
	seen, err := f.header(f.id)
	f.sides, f.seen = sides, seen
	return err
}

// close releases the locks. Close the connections first.
func (f *file) close() error {
	f.unlock()
	return f.closeHandle()
}

func (f *file) unlock() {
	unlockFile(f.handle)
	if f.log != nil {
		_ = f.log.Close()
	}
}

func (f *file) closeHandle() error { return f.release() }
