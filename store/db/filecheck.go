package db

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// readCheckInterval is how often reads check that the file is still the open one.
const readCheckInterval = time.Second

// header is the remembered part of the file's content. In WAL mode it changes only when
// SQLite copies pages from its log.
type header struct {
	size    int64
	changed time.Time
	version uint32 // raised by every Beat
	schema  uint32 // raised by SQLite with every change of the schema; a backup starts again
}

// check returns ErrReplaced unless the files are still the open ones.
func (f *file) check() error {
	if f == nil {
		return nil
	}
	err := f.checkNow()
	if err != nil {
		f.checked.Store(0) // let reads find it too
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
	// This comes before the log, because another process may have renamed the log for the
	// same reason.
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

// checkSometimes calls check at most once per readCheckInterval.
func (f *file) checkSometimes() error {
	if f == nil || !f.overwritten.Load() && time.Now().UnixNano()-f.checked.Load() < int64(readCheckInterval) {
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

// checkHeader checks the header when the file has been written to.
func (f *file) checkHeader(id os.FileInfo) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sides == nil || id.Size() == f.seen.size && id.ModTime().Equal(f.seen.changed) {
		return nil
	}
	// Try more than once, because SQLite may be writing this page.
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

// header reads the beginning of the file (https://sqlite.org/fileformat.html).
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

// putLogAside renames the log of the replaced file, so that the next start does not write
// it into the new file. The new name contains the time.
func (f *file) putLogAside() {
	log := f.path + "-wal"
	id, err := os.Stat(log)
	if err != nil || len(f.sides) == 0 || !os.SameFile(id, f.sides[0].id) {
		return // it is gone, or belongs to another process
	}
	if now, err := os.Stat(f.path); err != nil || os.SameFile(now, f.id) && !f.overwritten.Load() {
		return // the file may be moved back, and would then need its log
	}
	_ = os.Rename(log, log+"-before-"+timeInName(time.Now()))
}

// another reports whether the file, its log or its index was replaced or overwritten. A
// missing one does not count: the content of a deleted log gets into the file when the last
// connection is closed.
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
