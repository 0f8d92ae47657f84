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

// A SQLite file may be deleted, replaced or written over by a backup while it is open.
// SQLite does not notice: it goes on writing where nobody will look again, or mixes
// the backup with its log into a damaged file. So:
//
//   - No connection makes a file (mode=rw); only createFile does, before the first.
//   - Before a write begins, and after it is committed and before anybody is told so,
//     the files at their names must be the ones that are open. Reads ask once a second.
//   - The header of the file must not be older than the one seen before, which tells a
//     backup that was copied over the file.
//   - The log of a file that is gone must reach no other file: it is put aside, and
//     the connections, the end of the last of which would move it, stay open until
//     the process ends.

// ErrReplaced means that the file of the database is not the one that is open. It is an
// ErrUnavailable.
var ErrReplaced = fmt.Errorf("%w: its file was replaced", ErrUnavailable)

// file is a SQLite database file that is open.
type file struct {
	given  string // the absolute path as configured, which may lead over links
	path   string // where those lead
	handle *os.File
	id     os.FileInfo
	log    *os.File // nil until it is there

	sides []side // the log and its index

	checked     atomic.Int64 // when, for reads
	overwritten atomic.Bool  // for good: what the connections know is not in the file any more

	mu   sync.Mutex // guards seen
	seen header
}

// side is a file that SQLite keeps beside the database.
type side struct {
	path string
	id   os.FileInfo
}

// openFile opens the file at path, which is there, and takes the locks that tell others
// about it.
func openFile(given, path string) (*file, error) {
	handle, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	f := &file{given: given, path: path, handle: handle}
	if f.id, err = handle.Stat(); err == nil {
		handles.hold(f.id)
		err = f.claimName()
	}
	if err == nil {
		err = f.claimLog()
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// claimName makes sure that everybody who has the file open has it by one name. SQLite
// puts its log beside that name: with two names there would be two logs. The same
// folder mounted in two places is one.
func (f *file) claimName() error {
	folder, err := os.Stat(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return claimName(f.handle, folder, filepath.Base(f.path))
}

// claimLog makes sure that nobody uses the log with another file, one that was at this
// place before: opening this one would write what the log has into it.
func (f *file) claimLog() error {
	log, err := os.OpenFile(f.path+"-wal", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.log != nil { // from before; SQLite locks nothing there, so that it may be closed
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

// settle notes the files beside the database, once a connection that stays has them open.
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

// close gives up the locks. It comes after the connections.
func (f *file) close() error {
	unlockFile(f.handle)
	if f.log != nil {
		_ = f.log.Close()
	}
	if f.id == nil {
		return f.handle.Close()
	}
	return handles.release(f.id, f.handle)
}
