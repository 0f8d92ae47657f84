//go:build unix

package db_test

import (
	"fmt"
	"os"
	"syscall"
)

// probe reports whether another process has locked the file.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return err
	}
	fmt.Println(map[bool]string{true: "locked", false: "free"}[lock.Type != syscall.F_UNLCK])
	return nil
}
