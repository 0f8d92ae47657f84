package db

import (
	"errors"
	"sync"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// trouble remembers a recent fault of the machine that a call has met. The zero value has
// none.
type trouble struct {
	mu   sync.Mutex
	last error
	at   time.Time
}

// rememberTrouble is longer than the interval of a health probe.
const rememberTrouble = 15 * time.Second

func (t *trouble) note(err error, now time.Time) {
	if !ofMachine(err) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.at = err, now
}

// recent returns the recent fault, or nil.
func (t *trouble) recent(now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != nil && now.Sub(t.at) > rememberTrouble {
		t.last = nil
	}
	return t.last
}

// ofMachine reports whether err means a full disk, or data that cannot be read or written.
func ofMachine(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return true
		}
		return false
	}
	return pq.As(err, pqerror.DiskFull, pqerror.IOError, pqerror.DataCorrupted, pqerror.IndexCorrupted, pqerror.ReadOnlySQLTransaction) != nil
}
