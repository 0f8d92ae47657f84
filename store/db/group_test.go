package db_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// sharedFile is a SQLite file with a table of numbers.
type sharedFile struct {
	*testing.T
	db  *db.DB
	wal string
}

func newShared(t *testing.T) *sharedFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.ShareFor(time.Hour) // even on a busy machine
	sh := &sharedFile{t, s, path + "-wal"}
	if err := s.Tx(t.Context(), "make a table", func(ctx context.Context, q db.Querier) error {
		_, err := q.Exec(ctx, `CREATE TABLE number (n INTEGER PRIMARY KEY)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return sh
}

// add writes a number.
func add(ctx context.Context, q db.Querier, n int) error {
	_, err := q.Exec(ctx, `INSERT INTO number (n) VALUES (?)`, n)
	return err
}

// hold begins a transaction that writes the number 0. end lets it commit, and returns after that.
func (s *sharedFile) hold() (end func()) {
	s.Helper()
	holds, goOn, done := make(chan struct{}, 2), make(chan struct{}), make(chan error) // it may run twice
	go func() {
		done <- s.db.Tx(context.WithoutCancel(s.Context()), "hold", func(ctx context.Context, q db.Querier) error {
			holds <- struct{}{}
			<-goOn
			return add(ctx, q, 0)
		})
	}()
	<-holds
	return func() {
		s.Helper()
		close(goOn)
		if err := <-done; err != nil {
			s.Errorf("the first writer: %v", err)
		}
	}
}

// behind starts writers, numbered from 1, that wait behind the one that writes the number 0. It
// returns when all have ended.
func (s *sharedFile) behind(writers int, start func(n int) error) {
	s.Helper()
	end := s.hold()
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			if err := start(n + 1); err != nil {
				s.Errorf("writer %d: %v", n+1, err)
			}
		})
		waittest.Until(s, "the writer waits", func() bool { return s.db.Waiting() == n+1 })
	}
	end()
	all.Wait()
}

// write adds a number in a transaction.
func (s *sharedFile) write(n int) error {
	return s.db.Tx(s.Context(), "add", func(ctx context.Context, q db.Querier) error { return add(ctx, q, n) })
}

// commits counts the transactions in the log of the file. A frame that ends one has the size of
// the database in its header (SQLite's file format, section 4.1).
func (s *sharedFile) commits() (n int) {
	s.Helper()
	log, err := os.ReadFile(s.wal)
	if err != nil {
		s.Fatal(err)
	}
	page := int(binary.BigEndian.Uint32(log[8:]))
	for at := 32; at+24+page <= len(log); at += 24 + page {
		if string(log[at+8:at+16]) == string(log[16:24]) && binary.BigEndian.Uint32(log[at+4:]) != 0 {
			n++
		}
	}
	return n
}

func (s *sharedFile) want(numbers ...int) {
	s.Helper()
	var got []int
	var n int
	if err := s.db.Read().Each(s.Context(), []any{&n}, func() { got = append(got, n) }, `SELECT n FROM number ORDER BY n`); err != nil {
		s.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(numbers) {
		s.Errorf("got the numbers %v, want %v", got, numbers)
	}
}

func TestWritersThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	before := s.commits()
	s.behind(5, s.write)
	s.want(0, 1, 2, 3, 4, 5)
	if n := s.commits() - before; n != 2 { // nobody waited when the first one began
		t.Errorf("got %d commits for 6 writers, want 2", n)
	}
}

// TestAFailedPartTakesBackNoOther: whether it fails before or after a write of its own.
func TestAFailedPartTakesBackNoOther(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	failure := errors.New("no")
	s.behind(4, func(n int) error {
		err := s.db.Tx(t.Context(), "add", func(ctx context.Context, q db.Querier) error {
			if err := add(ctx, q, n); err != nil {
				return err
			}
			switch n {
			case 2:
				return failure
			case 3:
				return add(ctx, q, 0) // it is there
			}
			return nil
		})
		if failed := n == 2 || n == 3; failed != (err != nil) || n == 2 && !errors.Is(err, failure) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	})
	s.want(0, 1, 4)
}

// TestAPanicInAPartTakesBackNoOther: net/http recovers it.
func TestAPanicInAPartTakesBackNoOther(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	s.behind(3, func(n int) (err error) {
		defer func() {
			if got := recover(); (n == 2) != (got != nil) {
				err = fmt.Errorf("got the panic %v", got)
			}
		}()
		return s.db.Tx(t.Context(), "add", func(ctx context.Context, q db.Querier) error {
			if err := add(ctx, q, n); err != nil || n != 2 {
				return err
			}
			panic("a defect")
		})
	})
	s.want(0, 1, 3)
	if err := s.write(4); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestAWriterThatGivesUpDoesNothing: it returns at once, and is not called later.
func TestAWriterThatGivesUpDoesNothing(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	end := s.hold()
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error)
	go func() {
		given <- s.db.Tx(ctx, "add", func(ctx context.Context, q db.Querier) error { return add(ctx, q, 1) })
	}()
	waittest.Until(t, "it waits", func() bool { return s.db.Waiting() == 1 })
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) || s.db.Waiting() != 0 {
		t.Errorf("got %v, and %d wait", err, s.db.Waiting())
	}
	end()
	s.want(0)
}

// TestAPartIsNotInterrupted: SQLite takes a whole transaction back when a write in it is interrupted.
func TestAPartIsNotInterrupted(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	s.behind(3, func(n int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		return s.db.Tx(ctx, "add", func(part context.Context, q db.Querier) error {
			if n == 2 {
				cancel() // its caller leaves
			}
			return add(part, q, n)
		})
	})
	s.want(0, 1, 2, 3)
}

// TestALostTransactionIsRepeatedAlone: SQLite can take a transaction back as a whole, for example
// if the disk is full.
func TestALostTransactionIsRepeatedAlone(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	var tries sync.Map
	s.behind(3, func(n int) error {
		return s.db.Tx(t.Context(), "add", func(ctx context.Context, q db.Querier) error {
			if _, again := tries.LoadOrStore(n, true); n == 2 && !again {
				_, err := q.Exec(ctx, `ROLLBACK`)
				return err
			}
			return add(ctx, q, n)
		})
	})
	s.want(0, 1, 2, 3)
}

// TestALeaderWhosePartIsTakenBackSharesNothing: the others' savepoints would begin a transaction
// of their own.
func TestALeaderWhosePartIsTakenBackSharesNothing(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	var tries sync.Map
	s.behind(3, func(n int) error {
		return s.db.Tx(t.Context(), "add", func(ctx context.Context, q db.Querier) error {
			if _, again := tries.LoadOrStore(n, true); n == 1 && !again {
				_, err := q.Exec(ctx, `ROLLBACK`)
				return err
			}
			return add(ctx, q, n)
		})
	})
	s.want(0, 1, 2, 3)
}
