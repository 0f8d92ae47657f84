package db

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"syscall"
)

// Locks on the database file itself, so that they hold under every name of the file:
// symbolic links, hard links, mounts. They are locks of the open file description
// (fcntl(2), F_OFD_SETLK) on single bytes far after those that SQLite locks. They end with
// the process.
const (
	ofdGet     = 36 // F_OFD_GETLK: which lock conflicts with this one?
	ofdSet     = 37 // F_OFD_SETLK
	ofdSetWait = 38 // F_OFD_SETLKW

	lockSessions = 1 << 62 // of the process that serves the sessions
	lockNext     = lockSessions + 1
	lockTurn     = lockSessions + 2
	lockNames    = lockSessions + 1<<32 // one for each name under which the file may be open
	lockEnd      = lockNames + 1<<32

	// The first byte that SQLite locks (https://sqlite.org/fileformat.html#lockbyte). A
	// connection that has read from a database with a write-ahead log keeps a lock there.
	lockSQLite = 1 << 30
)

// fileLocks reports whether this system has these locks.
const fileLocks = true

// claimName locks the byte of the name under which we have the file open. It returns an
// error when others have it open under another name.
func claimName(f *os.File, folder os.FileInfo, base string) error {
	inode, ok := folder.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	hash := fnv.New32a()
	fmt.Fprintf(hash, "%d %d %s", inode.Dev, inode.Ino, base)
	name := lockNames + int64(hash.Sum32())
	if err := ofd(f, ofdSet, syscall.F_RDLCK, name, 1); err != nil {
		if unsupported(err) {
			return nil
		}
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	for _, others := range [][2]int64{{lockNames, name}, {name + 1, lockEnd}} {
		if others[0] == others[1] {
			continue
		}
		lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: others[0], Len: others[1] - others[0]}
		if err := syscall.FcntlFlock(f.Fd(), ofdGet, &lock); err == nil && lock.Type != syscall.F_UNLCK {
			return ErrOtherName
		}
	}
	return nil
}

// trySessions locks the sessions of the file, or returns errLocked.
func trySessions(f *os.File) error { return tryRange(f, lockSessions, 1) }

func tryRange(f *os.File, start, length int64) error {
	switch err := ofd(f, ofdSet, syscall.F_WRLCK, start, length); {
	case err == nil, unsupported(err):
		return nil
	case held(err):
		return errLocked
	default:
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
}

// tryAlone locks the file against every process that opens it as a database, with Vestibule or
// with SQLite alone. It returns errLocked if one has it open.
func tryAlone(f *os.File) error { return tryRange(f, lockSQLite, 0) }

// usedByOthers reports whether a process has the file open as a database.
func usedByOthers(f *os.File) bool {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: lockSQLite}
	return syscall.FcntlFlock(f.Fd(), ofdGet, &lock) == nil && lock.Type != syscall.F_UNLCK
}

// unlockFile releases all locks of this package on the file.
func unlockFile(f *os.File) {
	_ = ofd(f, ofdSet, syscall.F_UNLCK, lockSQLite, 0)
}

func ofd(f *os.File, command int, kind int16, start, length int64) error {
	for {
		lock := syscall.Flock_t{Type: kind, Start: start, Len: length}
		if err := syscall.FcntlFlock(f.Fd(), command, &lock); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func held(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES)
}

// unsupported reports whether the kernel or a network file system lacks such locks.
func unsupported(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EOVERFLOW)
}

// canTakeTurns reports whether processes can queue for the file.
func canTakeTurns(f *os.File) bool {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: lockNext, Len: 2}
	return syscall.FcntlFlock(f.Fd(), ofdGet, &lock) == nil
}

// tryTurn takes the turn if nobody has it or waits for it. If it returns false, waitTurn must
// follow, because the place in the queue may already be taken.
func tryTurn(f *os.File) bool {
	if ofd(f, ofdSet, syscall.F_WRLCK, lockNext, 1) != nil || ofd(f, ofdSet, syscall.F_WRLCK, lockTurn, 1) != nil {
		return false
	}
	_ = ofd(f, ofdSet, syscall.F_UNLCK, lockNext, 1)
	return true
}

// waitTurn waits for the turn. Only one process waits for the turn itself; the others wait for
// that place. So a process that has just had its turn cannot take the next one too, even if
// the waiting process wakes up late.
func waitTurn(f *os.File) error {
	if err := ofd(f, ofdSetWait, syscall.F_WRLCK, lockNext, 1); err != nil {
		return err
	}
	err := ofd(f, ofdSetWait, syscall.F_WRLCK, lockTurn, 1)
	_ = ofd(f, ofdSet, syscall.F_UNLCK, lockNext, 1)
	return err
}

func passTurn(f *os.File) { _ = ofd(f, ofdSet, syscall.F_UNLCK, lockTurn, 1) }
