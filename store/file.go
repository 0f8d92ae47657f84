package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
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

// header is what is remembered of the file itself. In WAL mode it changes only when
// SQLite moves pages from its log.
type header struct {
	size    int64
	changed time.Time
	version uint32 // which every beat raises, see Beat
	schema  uint32 // which SQLite raises with every change of the schema, and a backup begins anew
}

// readsAsk is how often reads look whether the file is the one that is open.
const readsAsk = time.Second

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

// check returns ErrReplaced unless the files are those that are open.
func (f *file) check() error {
	if f == nil {
		return nil
	}
	err := f.checkNow()
	if err != nil {
		f.checked.Store(0) // reads are to find it, too
	} else {
		f.checked.Store(time.Now().UnixNano())
	}
	return err
}

func (f *file) checkNow() error {
	if f.overwritten.Load() {
		return f.replaced(f.given, "was written over")
	}
	id, err := f.same(f.given, f.id)
	if err != nil {
		return err
	}
	// Before the log, which another process may have put aside for what is found here.
	if err := f.checkHeader(id); err != nil {
		return err
	}
	for _, s := range f.sides {
		if _, err := f.same(s.path, s.id); err != nil {
			return err
		}
	}
	return nil
}

// checkSometimes is check, once in a while.
func (f *file) checkSometimes() error {
	if f == nil || !f.overwritten.Load() && time.Now().UnixNano()-f.checked.Load() < int64(readsAsk) {
		return nil
	}
	return f.check()
}

func (f *file) same(path string, want os.FileInfo) (os.FileInfo, error) {
	id, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, f.replaced(path, "was deleted or moved")
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !os.SameFile(id, want):
		f.putLogAside()
		return nil, f.replaced(path, "was replaced")
	}
	return id, nil
}

func (f *file) replaced(path, what string) error {
	return fmt.Errorf("%w: %s %s while it was open; restart vestibule", ErrReplaced, path, what)
}

// checkHeader looks into the file when somebody has written to it.
func (f *file) checkHeader(id os.FileInfo) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sides == nil || id.Size() == f.seen.size && id.ModTime().Equal(f.seen.changed) {
		return nil
	}
	// More than once, because SQLite may be writing this very page.
	for tries := 0; ; tries++ {
		now, err := f.header(id)
		if err == nil && now.version >= f.seen.version && now.schema >= f.seen.schema {
			f.seen = now
			return nil
		}
		if err != nil && !errors.Is(err, errNoHeader) {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if tries == 3 {
			f.overwritten.Store(true)
			f.putLogAside()
			return f.replaced(f.given, "was written over")
		}
		time.Sleep(time.Millisecond)
	}
}

var errNoHeader = errors.New("not the header of a database with a write-ahead log")

// header reads what stands at the beginning of the file (https://sqlite.org/fileformat.html).
func (f *file) header(id os.FileInfo) (header, error) {
	const magic, mode, schema, userVersion, length, wal = "SQLite format 3\x00", 18, 40, 60, 100, 2
	var text [length]byte
	if n, err := f.handle.ReadAt(text[:], 0); n < length {
		if n == 0 || err == nil {
			return header{}, errNoHeader
		}
		return header{}, err
	}
	if string(text[:len(magic)]) != magic || text[mode] != wal {
		return header{}, errNoHeader
	}
	return header{id.Size(), id.ModTime(), binary.BigEndian.Uint32(text[userVersion:]), binary.BigEndian.Uint32(text[schema:])}, nil
}

// putLogAside renames the log of the file that was open, so that the next start does not
// write it into the file that is there now. It is kept, under a name that says when.
func (f *file) putLogAside() {
	log := f.path + "-wal"
	id, err := os.Stat(log)
	if err != nil || len(f.sides) == 0 || !os.SameFile(id, f.sides[0].id) {
		return // it is gone already, or belongs to somebody else
	}
	if now, err := os.Stat(f.path); err != nil || os.SameFile(now, f.id) && !f.overwritten.Load() {
		return // the file may be on its way back, and needs its log then
	}
	_ = os.Rename(log, log+"-before-"+time.Now().UTC().Format("20060102T150405.000"))
}

// another reports whether the file, its log or its index is another one now, or was
// written over. One that is missing is not: what is in a log that was deleted goes
// into the file with the end of the last connection.
func (f *file) another() bool {
	if f == nil {
		return false
	}
	err := f.check()
	for _, s := range append([]side{{f.given, f.id}}, f.sides...) {
		if id, err := os.Stat(s.path); err == nil && !os.SameFile(id, s.id) {
			return true
		}
	}
	return err != nil && f.overwritten.Load()
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
