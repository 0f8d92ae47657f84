package db

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// databasePath returns the absolute path, so that errors show where the database was
// expected. It refuses anything that is not the path of a file.
func databasePath(path string) (string, error) {
	switch {
	case path == "":
		return "", errors.New("database URL: sqlite: lacks the path of a file")
	case path == ":memory:":
		return "", errors.New("database URL: sqlite::memory: is not supported, every connection would see a database of its own")
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"):
		return "", errors.New("database URL: write sqlite:relative/path or sqlite:/absolute/path, without //")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("database URL: %s: %w", path, ErrNotAFile)
	}
	return path, nil
}

// followLinks resolves symbolic links. SQLite puts its log beside the resolved path.
func followLinks(path string) (string, error) {
	file, err := filepath.EvalSymlinks(path)
	switch {
	case err == nil:
		return file, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%s is a symbolic link to a file that is not there", path)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return path, nil // the folder does not exist yet
	}
	return filepath.Join(folder, filepath.Base(path)), nil
}

// createFile creates the file if it is missing, readable only by this user. SQLite gives its
// other files the same mode. If the file was moved away, SQLite would delete its log.
//
// It does not open an existing file: closing it would drop the POSIX locks that another DB
// of this process has on it.
func createFile(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%s is missing, and its log %s-wal is there with the last changes; put the file back, or delete the log", path, path)
	}
	// Between two steps of a restore there is no file at the path.
	if drafts, err := draftsOf(path); err != nil || len(drafts) > 0 {
		return errors.Join(err, fmt.Errorf("%w, and has left %s", ErrInterrupted, strings.Join(drafts, " and ")))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // #nosec G304 -- the operator names the database
	if err != nil {
		return err
	}
	return f.Close()
}

// logs are the suffixes of the files in which SQLite keeps changes that are not in the database
// file, or are to be undone there. A log that gets beside another file damages that file.
var logs = []string{"-wal", "-journal"}

// owns reports whether the path is a name of the database, or of a file beside it.
func (f *file) owns(path string) bool {
	if info, err := os.Stat(path); err == nil && os.SameFile(info, f.id) {
		return true
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return false
	}
	ours, err := os.Stat(filepath.Dir(f.path))
	if err != nil || !os.SameFile(folder, ours) {
		return false
	}
	suffix, found := strings.CutPrefix(filepath.Base(path), filepath.Base(f.path))
	return found && slices.Contains([]string{"", "-wal", "-shm", "-journal", ".lock", ".sessions.lock"}, suffix)
}

// hideFiles makes the files of an existing database readable only by this user.
func hideFiles(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // SQLite will create it with the mode of the first
		}
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o007 != 0 {
			if err := os.Chmod(name, mode&^0o007); err != nil {
				return fmt.Errorf("everyone can read it: %w", err)
			}
		}
	}
	return nil
}
