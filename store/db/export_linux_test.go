package db

import (
	"context"
	"os"
	"syscall"
	"time"
)

// ErrClosed is the error of a write after Close.
var ErrClosed = errClosed

// FileTurn takes turns like another process: the locks cannot tell the difference.
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

// WaitAtMost sets how long it waits for other processes.
func (t FileTurn) WaitAtMost(d time.Duration) { t.t.wait = d }

// Stop makes it wait to be next and never continue, like a stopped process.
func (t FileTurn) Stop() error { return ofd(t.t.file, ofdSet, syscall.F_WRLCK, lockNext, 1) }

// Continue ends the effect of Stop.
func (t FileTurn) Continue() error { return ofd(t.t.file, ofdSet, syscall.F_UNLCK, lockNext, 1) }

// Queued reports whether it waits in the system's queue for the lock.
func (t FileTurn) Queued() bool {
	t.t.mu.Lock()
	defer t.t.mu.Unlock()
	return t.t.queued != nil
}
