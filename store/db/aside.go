package db

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// replace puts the database at the path aside, returns its new path, and puts the draft in its
// place. If that fails, the database is at its path again.
func (d draft) replace(path string) (string, error) {
	old, err := putAside(path)
	if err == nil {
		err = os.Rename(d.file, path)
	}
	if err == nil {
		return old.file, syncFolder(filepath.Dir(path))
	}
	if undone := old.putBack(path); undone != nil {
		return old.file, errors.Join(err, undone)
	}
	return "", err
}

// aside is where a database was put, with its logs; file is "" if there was only a log.
type aside struct {
	file string
	logs map[string]string // by their suffix
}

// putAside renames the database that is at the path and its logs. A start after a crash between
// the steps finds no database to which a log does not belong.
func putAside(path string) (aside, error) {
	now := timeInName(time.Now())
	old := aside{file: path + "-before-" + now, logs: map[string]string{}}
	if err := os.Rename(path, old.file); errors.Is(err, fs.ErrNotExist) {
		old.file = ""
	} else if err != nil {
		return aside{}, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil { // never a database without its log
		return old, err
	}
	for _, suffix := range logs {
		to := path + suffix + "-before-" + now // of a file that was moved; createFile would refuse to start beside it
		if old.file != "" {
			to = old.file + suffix
		}
		if err := os.Rename(path+suffix, to); err == nil {
			old.logs[suffix] = to
		} else if !errors.Is(err, fs.ErrNotExist) {
			return old, err
		}
	}
	// The index of the log is made anew from the log.
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return old, err
	}
	return old, syncFolder(filepath.Dir(path))
}

// putBack undoes putAside. The database is last: it is never without its log.
func (a aside) putBack(path string) error {
	for suffix, log := range a.logs {
		if err := os.Rename(log, path+suffix); err != nil {
			return err
		}
	}
	if a.file == "" {
		return nil
	}
	return os.Rename(a.file, path)
}
