package db

import (
	"errors"
	"os"
	"slices"
	"sync"
)

// handles delays closing our descriptors of database files. Closing any descriptor of a file
// drops all POSIX locks of the process on that file, also those of SQLite's connections
// (https://sqlite.org/howtocorrupt.html, 2.2). So a descriptor is closed only when no DB of
// this process has the file open. The locks belong to the process, so this is a package
// variable.
var handles openHandles

type openHandles struct {
	mu    sync.Mutex
	files []*heldFile
}

type heldFile struct {
	id      os.FileInfo
	holders int
	late    []*os.File
}

func (o *openHandles) hold(id os.FileInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.files {
		if os.SameFile(f.id, id) {
			f.holders++
			return
		}
	}
	o.files = append(o.files, &heldFile{id: id, holders: 1})
}

// release closes the handle, at once or when the last user of the file releases it.
func (o *openHandles) release(id os.FileInfo, handle *os.File) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.files {
		if !os.SameFile(f.id, id) {
			continue
		}
		f.late = append(f.late, handle)
		if f.holders--; f.holders > 0 {
			return nil
		}
		o.files = slices.Delete(o.files, i, i+1)
		var err error
		for _, h := range f.late {
			err = errors.Join(err, h.Close())
		}
		return err
	}
	return handle.Close()
}

// heldHandle is an open descriptor of a database file. Release it instead of closing it.
type heldHandle struct {
	handle *os.File
	id     os.FileInfo
}

// holdFile opens an existing file.
func holdFile(path string, flag int) (heldHandle, error) {
	f, err := os.OpenFile(path, flag, 0) // #nosec G304 -- the operator names the database
	if err != nil {
		return heldHandle{}, err
	}
	id, err := f.Stat()
	if err != nil {
		return heldHandle{}, errors.Join(err, f.Close())
	}
	handles.hold(id)
	return heldHandle{f, id}, nil
}

func (h heldHandle) release() error { return handles.release(h.id, h.handle) }
