package db_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store/db"
)

// TestTheLogStaysSmallBesideReaders: at every moment some transaction reads, so SQLite
// never restarts its log by itself.
func TestTheLogStaysSmallBesideReaders(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vestibule.db")
	storetest.Fill(t, path)
	d := openWithin(t, "sqlite:"+path, time.Minute) // the readers keep the machine busy
	u, _ := signedUp(t, d)
	stop := relay(t, d)
	defer stop()

	task := newTask(u.ID)
	task.Description = new(strings.Repeat("x", 10_000))
	const limit = 2 << 20 // the log size of a few dozen of these tasks
	d.SetWALLimit(limit)
	var written, before, most int64
	for written < 8*limit {
		created(t, d, task)
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		written += max(0, info.Size()-before)
		before = info.Size()
		if most = max(most, before); most > 3*limit {
			t.Fatalf("the log has %d bytes after %d were written, want a bit over %d at most", most, written, limit)
		}
	}
	t.Logf("at most %d bytes of %d", most, written)
}

// relay runs two readers. Each reads until the other has started.
func relay(t *testing.T, d *database) (stop func()) {
	t.Helper()
	pool := d.Raw(t)
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		leave := func() error { return nil }
		for {
			tx, err := pool.Beginx()
			if err == nil {
				var n int
				err = tx.Get(&n, `SELECT count(*) FROM "user"`) // from here on the transaction has a snapshot
			}
			if err = errors.Join(err, leave()); err != nil {
				t.Errorf("read: %v", err)
				return
			}
			leave = tx.Rollback
			select {
			case <-over:
				_ = leave()
				return
			default:
			}
		}
	})
	return func() { close(over); wg.Wait() }
}

// TestTheLogHasALimit: the file that SQLite keeps when it restarts its log is bounded too.
func TestTheLogHasALimit(t *testing.T) {
	t.Parallel()
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "vestibule.db"))
	var limit int
	if err := s.Pools()["write"].QueryRow(`PRAGMA journal_size_limit`).Scan(&limit); err != nil || limit != db.WALLimit {
		t.Errorf("got %d, %v, want %d", limit, err, db.WALLimit)
	}
}
