package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// group lets the writers of a SQLite file share transactions. A commit waits for the disk, and
// meanwhile other writers arrive. Without sharing, each of them would wait for the disk too, one
// after the other.
//
// A writer that finds others waiting leads: it begins the transaction and does its part. Then
// those that wait do theirs, one after the other, and the leader commits for all. After that the
// next one that waits leads. The part of each other writer has a savepoint, so that a part that
// fails takes back no other. A writer returns when its part is on disk or has failed.
type group struct {
	mu      sync.Mutex
	led     bool
	waiting []*member // in the order in which they came

	sharing time.Duration // after this, a leader calls nobody any more
}

const (
	maxMembers = 32                    // of a transaction, besides its leader
	maxSharing = 20 * time.Millisecond // so that the leader does not wait long for the others
)

// member is a writer that waits.
type member struct {
	begin chan *sqlx.Tx // the transaction in which to do its part; nil: it leads the next one
	ran   chan error    // how its part has ended
	over  chan error    // how the commit has ended
}

// errShared means that the database has taken a shared transaction back as a whole, so that the
// parts of other writers are lost as well.
var errShared = errors.New("the shared transaction was taken back")

// errUnknown means that it is not known whether a part is on disk.
var errUnknown = errors.New("the transaction ended without a result")

// join returns nil to a writer that leads at once. Others wait.
func (g *group) join() *member {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.led {
		g.led = true
		return nil
	}
	m := &member{begin: make(chan *sqlx.Tx, 1), ran: make(chan error, 1), over: make(chan error, 1)}
	g.waiting = append(g.waiting, m)
	return m
}

// leave ends the wait of a member. It returns false if the member was called meanwhile.
func (g *group) leave(m *member) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, m)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// waits reports whether somebody waits.
func (g *group) waits() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting) > 0
}

// call returns the one that has waited longest, or nil.
func (g *group) call() *member {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		return nil
	}
	m := g.waiting[0]
	g.waiting = slices.Delete(g.waiting, 0, 1)
	return m
}

// pass lets the one that has waited longest lead.
func (g *group) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.led = false
		return
	}
	g.waiting[0].begin <- nil
	g.waiting = slices.Delete(g.waiting, 0, 1)
}

// together runs f in a transaction that other writers may share.
func (s *DB) together(ctx context.Context, f func(context.Context, Querier) error) error {
	if m := s.group.join(); m != nil {
		var tx *sqlx.Tx
		select {
		case tx = <-m.begin:
		case <-ctx.Done():
			if s.group.leave(m) {
				return ctx.Err()
			}
			tx = <-m.begin
		}
		if tx != nil {
			return m.take(ctx, s.patience, s.querier(tx), f)
		}
	}
	defer s.group.pass()
	return s.lead(ctx, f)
}

// take does a member's part, within limit.
func (m *member) take(ctx context.Context, limit time.Duration, q Querier, f func(context.Context, Querier) error) error {
	err := errShared // while f has not returned: it may panic
	func() {
		defer func() { m.ran <- err }()
		if ended := ctx.Err(); ended != nil {
			err = ended
			return
		}
		// A statement that is interrupted takes the whole transaction back, so it must not end
		// with its caller.
		part, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		err = f(part, q)
	}()
	if err != nil {
		return err
	}
	return <-m.over
}

// lead runs f, lets others do their parts, and commits.
func (s *DB) lead(ctx context.Context, f func(context.Context, Querier) error) error {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	whole := context.WithoutCancel(ctx) // the transaction is not only this writer's
	tx, err := s.write.BeginTxx(whole, nil)
	if err != nil {
		return beginError(err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	shares := s.group.waits()
	if shares {
		if _, err := tx.ExecContext(whole, `SAVEPOINT leader`); err != nil {
			return err
		}
	}
	if err := f(ctx, s.querier(tx)); err != nil {
		return err
	}
	var members []*member
	err = errUnknown // until the commit has ended: the driver may panic
	defer func() {
		for _, m := range members {
			m.over <- err
		}
	}()
	if shares {
		if err = s.share(whole, tx, &members); err != nil {
			return err
		}
	}
	err = errUnknown
	if err = tx.Commit(); err == nil {
		err = s.file.check() // do not confirm a write to a file that was replaced
	}
	if err == nil {
		s.prepared.parse(whole)
		s.checkpoints.written()
	}
	return err
}

// share lets the writers that wait do their parts. It adds those to members that wait for the
// commit.
func (s *DB) share(ctx context.Context, tx *sqlx.Tx, members *[]*member) error {
	// If SQLite has taken the leader's part back, this fails. A savepoint would otherwise begin
	// another transaction.
	if _, err := tx.ExecContext(ctx, `RELEASE leader`); err != nil {
		return errors.Join(errShared, err)
	}
	for until := time.Now().Add(s.group.sharing); len(*members) < maxMembers && s.group.waits() && time.Now().Before(until); {
		if _, err := tx.ExecContext(ctx, `SAVEPOINT part`); err != nil {
			return errors.Join(errShared, err)
		}
		m := s.group.call()
		if m == nil {
			break
		}
		m.begin <- tx
		end := `RELEASE part`
		if <-m.ran != nil {
			end = `ROLLBACK TO part; RELEASE part`
		} else {
			*members = append(*members, m)
		}
		if _, err := tx.ExecContext(ctx, end); err != nil {
			return errors.Join(errShared, err)
		}
	}
	return nil
}

func (s *DB) querier(tx *sqlx.Tx) Querier {
	return Querier{&transaction{Handle: tx, often: preparedTx{tx, s.prepared}}}
}
