//go:build unix

package db_test

import (
	"fmt"
	"os"
	"syscall"
)

// probe reports whether another process has locked the bytes that SQLite locks while it has
// the file open: https://www.sqlite.org/fileformat2.html#the_lock_byte_page. Our own locks
// are at other bytes, and closing a handle does not end them.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: 1 << 30, Len: 512}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return err
	}
	fmt.Println(map[bool]string{true: "locked", false: "free"}[lock.Type != syscall.F_UNLCK])
	return nil
}
