//go:build unix

package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// createable returns why this user cannot create the file and the folders above it that are
// missing, or cannot write the empty file that is there; or nil. It tries nothing.
func createable(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	need := uint32(unix.W_OK)
	for {
		_, err := os.Stat(path)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		path, need = filepath.Dir(path), unix.W_OK|unix.X_OK // of a file this is ENOTDIR, by Stat
	}
	if err := unix.Faccessat(unix.AT_FDCWD, path, need, unix.AT_EACCESS); err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}
