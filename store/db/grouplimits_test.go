package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// TestOneTransactionHasABoundedNumberOfWriters, so that the first one does not wait long.
func TestOneTransactionHasABoundedNumberOfWriters(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	before := s.commits()
	s.behind(db.MaxMembers+2, s.write)
	if n := s.commits() - before; n < 3 {
		t.Errorf("%d writers shared one transaction", db.MaxMembers+2)
	}
}

// TestAPartHasATimeLimitOfItsOwn: its caller's does not count any more, and without one a part
// would keep all writers waiting.
func TestAPartHasATimeLimitOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	end := s.hold()
	leads, slow := make(chan error), make(chan error)
	go func() { leads <- s.write(1) }()
	waittest.Until(t, "the leader waits", func() bool { return s.db.Waiting() == 1 })
	go func() {
		slow <- s.db.Tx(t.Context(), "add", func(part context.Context, q db.Querier) error {
			if err := add(part, q, 2); err != nil {
				return err
			}
			if until, limited := part.Deadline(); !limited || time.Until(until) > time.Minute {
				return errors.New("nothing ends the part")
			}
			<-part.Done()
			return part.Err()
		})
	}()
	waittest.Until(t, "the slow writer waits", func() bool { return s.db.Waiting() == 2 })
	s.db.SetPatience(time.Second) // both have begun with the usual one
	end()
	if err := <-slow; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the slow writer: got %v, want %v", err, context.DeadlineExceeded)
	}
	if err := <-leads; err != nil {
		t.Errorf("the leader: %v", err)
	}
	s.want(0, 1)
}
