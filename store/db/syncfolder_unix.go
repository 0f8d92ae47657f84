//go:build unix

package db

import (
	"errors"
	"os"
)

// syncFolder waits until the disk has the names in the folder.
func syncFolder(path string) error {
	f, err := os.Open(path) // #nosec G304 -- beside the database
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
