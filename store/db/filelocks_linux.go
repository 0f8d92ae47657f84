package db

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"syscall"
)

// Locks on the database file itself, so that they are the same ones by whatever name it
// is reached: symbolic and hard links, mounts. They are locks of the open file
// description (fcntl(2), F_OFD_SETLK), on single bytes far behind those that SQLite
// locks, and end with the process.
const (
	ofdGet     = 36 // F_OFD_GETLK: what would keep us from this lock?
	ofdSet     = 37 // F_OFD_SETLK
	ofdSetWait = 38 // F_OFD_SETLKW

	lockSessions = 1 << 62 // of the one that serves the sessions
	lockNext     = lockSessions + 1
	lockTurn     = lockSessions + 2
	lockNames    = lockSessions + 1<<32 // one for each name that the file may be open by
	lockEnd      = lockNames + 1<<32
)

// claimName says by which name we have the file open, and refuses it when others have it
// open by another one.
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
func trySessions(f *os.File) error {
	switch err := ofd(f, ofdSet, syscall.F_WRLCK, lockSessions, 1); {
	case err == nil, unsupported(err):
		return nil
	case held(err):
		return errLocked
	default:
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
}

// unlockFile gives up all locks of this package on the file.
func unlockFile(f *os.File) {
	_ = ofd(f, ofdSet, syscall.F_UNLCK, lockSessions, 0)
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

// unsupported: an old kernel, or a file system on a network that has no such locks.
func unsupported(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EOVERFLOW)
}

// canTakeTurns reports whether processes can queue up on the file.
func canTakeTurns(f *os.File) bool {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: lockNext, Len: 2}
	return syscall.FcntlFlock(f.Fd(), ofdGet, &lock) == nil
}

// tryTurn takes the turn if nobody has it or waits for it. Otherwise waitTurn must follow:
// the place in the queue may be taken already.
func tryTurn(f *os.File) bool {
	if ofd(f, ofdSet, syscall.F_WRLCK, lockNext, 1) != nil || ofd(f, ofdSet, syscall.F_WRLCK, lockTurn, 1) != nil {
		return false
	}
	_ = ofd(f, ofdSet, syscall.F_UNLCK, lockNext, 1)
	return true
}

// waitTurn waits for the turn. One process at a time waits for it; the others wait to be
// that one. So who has just had a turn cannot take the next one as well: another process
// is there already, and wakes up late as it may.
func waitTurn(f *os.File) error {
	if err := ofd(f, ofdSetWait, syscall.F_WRLCK, lockNext, 1); err != nil {
		return err
	}
	err := ofd(f, ofdSetWait, syscall.F_WRLCK, lockTurn, 1)
	_ = ofd(f, ofdSet, syscall.F_UNLCK, lockNext, 1)
	return err
}

func passTurn(f *os.File) { _ = ofd(f, ofdSet, syscall.F_UNLCK, lockTurn, 1) }
