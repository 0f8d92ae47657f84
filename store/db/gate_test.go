package db_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/store/db"
)

// loginTest runs logins through a gate. Each waits for a result from results, or for the end
// of its context.
type loginTest struct {
	open    func(context.Context, func() (driver.Conn, error)) (driver.Conn, error)
	results chan error

	running, begun, succeeded, failed atomic.Int64
}

func newLoginTest() *loginTest {
	return &loginTest{open: db.NewGate(), results: make(chan error)}
}

// ask begins as many logins, and waits until all that can happen has happened.
func (l *loginTest) ask(ctx context.Context, n int) {
	for range n {
		go func() {
			_, err := l.open(ctx, func() (driver.Conn, error) {
				l.begun.Add(1)
				l.running.Add(1)
				defer l.running.Add(-1)
				select {
				case err := <-l.results:
					return nil, err
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
			if err == nil {
				l.succeeded.Add(1)
			} else {
				l.failed.Add(1)
			}
		}()
	}
	synctest.Wait()
}

// answer ends as many logins with err, one after the other.
func (l *loginTest) answer(n int, err error) {
	for range n {
		l.results <- err
		synctest.Wait()
	}
}

func (l *loginTest) want(t *testing.T, what string, running, succeeded, failed int64) {
	t.Helper()
	if r, s, f := l.running.Load(), l.succeeded.Load(), l.failed.Load(); r != running || s != succeeded || f != failed {
		t.Fatalf("%s: got %d logins running, %d succeeded, %d failed; want %d, %d, %d", what, r, s, f, running, succeeded, failed)
	}
}

var errAway = errors.New("away")

func TestFewLoginsRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoginTest()
		l.ask(t.Context(), 20)
		l.want(t, "at first", db.LoginsAtOnce, 0, 0)
		l.answer(16, nil)
		l.want(t, "after 16", db.LoginsAtOnce, 16, 0)
		l.answer(4, nil)
		l.want(t, "at the end", 0, 20, 0)
	})
}

// TestASilentLoginGivesItsPlace: those that get no answer keep no other one from trying.
func TestASilentLoginGivesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoginTest()
		ctx, cancel := context.WithCancel(t.Context())
		l.ask(ctx, 2*db.LoginsAtOnce)
		l.want(t, "at first", db.LoginsAtOnce, 0, 0)
		time.Sleep(2 * db.LoginSilence)
		synctest.Wait()
		l.want(t, "later", 2*db.LoginsAtOnce, 0, 0)
		cancel()
		synctest.Wait()
		l.want(t, "at the end", 0, 0, 2*db.LoginsAtOnce)
	})
}

// TestAfterAFailureOneLoginIsTriedForAll: a few wait for it, and the others fail at once.
func TestAfterAFailureOneLoginIsTriedForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoginTest()
		l.ask(t.Context(), 1)
		l.answer(1, errAway)
		l.want(t, "the first", 0, 0, 1)
		const most = db.LoginsAtOnce
		l.ask(t.Context(), 100)
		l.want(t, "during the pause", 0, 0, 101-most)
		time.Sleep(3 * db.LoginPause)
		synctest.Wait()
		l.want(t, "after the pause", 1, 0, 101-most)
		l.answer(1, errAway)
		l.want(t, "after the trial", 0, 0, 101)

		l.ask(t.Context(), most)
		time.Sleep(3 * db.LoginPause)
		synctest.Wait()
		l.want(t, "the second trial", 1, 0, 101)
		l.answer(1, nil)
		l.want(t, "after a success", most-1, 1, 101)
		l.answer(most-1, nil)
		l.ask(t.Context(), 100)
		l.want(t, "afterwards", most, most, 101)
		l.answer(100, nil)
	})
}

// TestASilentTrialIsFollowedByAnother: service returns with the network.
func TestASilentTrialIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoginTest()
		l.ask(t.Context(), 1)
		l.answer(1, errAway)
		l.ask(t.Context(), 2)
		time.Sleep(3 * db.LoginPause)
		synctest.Wait()
		l.want(t, "the trial", 1, 0, 1)
		time.Sleep(db.LoginSilence)
		synctest.Wait()
		l.want(t, "a second later", 2, 0, 1)
		l.answer(2, nil)
		l.want(t, "at the end", 0, 2, 1)
	})
}

// TestACallerThatLeavesIsNoFailure: it says nothing about the server.
func TestACallerThatLeavesIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoginTest()
		ctx, cancel := context.WithCancel(t.Context())
		l.ask(ctx, 1)
		cancel()
		synctest.Wait()
		l.ask(t.Context(), 2)
		l.want(t, "after it has left", 2, 0, 1)
		l.answer(2, errAway)

		// One that leaves during its trial.
		ctx, cancel = context.WithCancel(t.Context())
		time.Sleep(3 * db.LoginPause)
		l.ask(ctx, 1)
		l.ask(t.Context(), 1)
		l.want(t, "the trial", 1, 0, 3)
		cancel()
		synctest.Wait()
		l.want(t, "the next trial", 1, 0, 4)
		l.answer(1, nil)
		l.want(t, "at the end", 0, 1, 4)
	})
}

// TestTrialsDoNotComeAtTheSameMoment, in several instances.
func TestTrialsDoNotComeAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const instances = 50
		at := map[time.Duration]bool{}
		for range instances {
			l := newLoginTest()
			l.ask(t.Context(), 1)
			l.answer(1, errAway)
			failed := time.Now()
			l.ask(t.Context(), 1)
			for l.running.Load() == 0 {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			at[time.Since(failed)] = true
			l.answer(1, nil)
		}
		if len(at) < instances/5 {
			t.Errorf("got %d different pauses of %d, want them spread", len(at), instances)
		}
	})
}
