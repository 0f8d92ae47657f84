package pgtest

import "syscall"

// memory is a file system in memory on most machines. In containers it is often too small.
const memory = "/dev/shm"

// enoughRoom is for three servers at a time. Most take less than 200 MB, but one test makes
// hundreds of thousands of rows.
const enoughRoom = 2 << 30

// hasRoom reports whether the folder has room for the databases of tests.
func hasRoom(folder string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(folder, &s) == nil && s.Bavail*uint64(s.Bsize) >= enoughRoom
}
