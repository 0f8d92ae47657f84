package store

import (
	"context"
	"os"
	"syscall"
)

// FileTurn is the turn of another process, as far as locks can tell.
type FileTurn struct{ t *turn }

func OpenTurn(path string) (FileTurn, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	return FileTurn{newTurn(f)}, err
}

func (t FileTurn) Take(ctx context.Context) (release func(), err error) { return t.t.take(ctx) }

// Awaited reports whether another process waits for its turn.
func (t FileTurn) Awaited() bool {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: lockNext, Len: 1}
	return syscall.FcntlFlock(t.t.file.Fd(), ofdGet, &lock) == nil && lock.Type != syscall.F_UNLCK
}
