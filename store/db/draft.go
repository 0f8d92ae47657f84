package db

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// draft is a database in a folder of its own, on the file system of the path that it will get.
// So SQLite's other files are beside the draft and not beside the path, and only this user gets
// at them.
type draft struct{ folder, file string }

func newDraft(path string) (draft, error) {
	folder, err := os.MkdirTemp(filepath.Dir(path), draftPrefix(path)) // mode 0700
	return draft{folder, filepath.Join(folder, "database")}, err
}

func draftPrefix(path string) string { return "." + filepath.Base(path) + "-unfinished-" }

// draftsOf returns the folders of drafts for the path: of calls that were killed, or still run.
func draftsOf(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), draftPrefix(path)) {
			found = append(found, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return found, err
}

func (d draft) remove() { _ = os.RemoveAll(d.folder) }

// publish moves the draft to the path and waits until the disk has both.
func (d draft) publish(path string, replace bool) error {
	if err := d.sync(); err != nil {
		return err
	}
	place := func(from, to string) error { return moveToNew(os.Link, from, to) }
	if replace {
		place = os.Rename
	}
	switch err := place(d.file, path); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s: %w", path, ErrFileExists)
	case err != nil:
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// sync waits until the disk has the draft. It refuses a draft with a log: SQLite could not write
// the last changes into the file when it closed it, and does not say so.
func (d draft) sync() error {
	if err := checkNoLog(d.file); err != nil {
		return fmt.Errorf("the last changes are not in the file: %w", err)
	}
	return syncFile(d.file)
}

// moveToNew gives a file another name, which must not exist. link refuses a name that exists.
// exFAT and some network file systems have no links; there, two calls at the same moment could
// replace the file of each other.
func moveToNew(link func(from, to string) error, from, to string) error {
	err := link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(to); !errors.Is(statErr, fs.ErrNotExist) {
		return errors.Join(err, statErr)
	}
	return os.Rename(from, to)
}

// failure returns an error of the draft as one of the path, which is what the caller knows.
func (d draft) failure(err error, path string) error {
	if err == nil {
		return nil
	}
	if at, is := errors.AsType[*fs.PathError](err); is && strings.HasPrefix(at.Path, d.folder) {
		return &fs.PathError{Op: at.Op, Path: path, Err: at.Err}
	}
	if at, is := errors.AsType[*os.LinkError](err); is && strings.HasPrefix(at.Old, d.folder) {
		return &fs.PathError{Op: "write", Path: path, Err: at.Err}
	}
	if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	if text := err.Error(); strings.Contains(text, d.file) {
		text = strings.ReplaceAll(text, "database "+d.file, "its copy")
		return draftError{err, strings.ReplaceAll(text, d.file, "its copy")}
	}
	return err
}

// draftError is an error whose text does not name the file of the draft.
type draftError struct {
	error
	text string
}

func (e draftError) Error() string { return e.text }

func (e draftError) Unwrap() error { return e.error }

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // #nosec G304 -- the operator names the file
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
