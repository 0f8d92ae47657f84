package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// turns are the turns of several processes on one file.
func turns(t *testing.T, n int) []db.FileTurn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var all []db.FileTurn
	for range n {
		turn, err := db.OpenTurn(path)
		if err != nil {
			t.Fatal(err)
		}
		turn.WaitAtMost(time.Hour) // even on a machine that stands still for a while
		all = append(all, turn)
	}
	return all
}

func take(t *testing.T, turn db.FileTurn) (release func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
	defer cancel()
	release, err := turn.Take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// taking takes the turn in the background, and returns when it waits in the queue behind
// the holder.
func taking(t *testing.T, ctx context.Context, holder, turn db.FileTurn, got func(release func(), err error)) (done chan struct{}) {
	t.Helper()
	done = make(chan struct{})
	go func() {
		defer close(done)
		got(turn.Take(ctx))
	}()
	waittest.Until(t, "it waits in the queue", holder.Awaited)
	return done
}

// TestAProcessThatWaitsIsNext, before the faster process that has just had the turn.
func TestAProcessThatWaitsIsNext(t *testing.T) {
	t.Parallel()
	all := turns(t, 2)
	quick, waits := all[0], all[1]
	for range 50 {
		release := take(t, quick)
		var had atomic.Bool
		done := taking(t, t.Context(), quick, waits, func(release func(), err error) {
			if err != nil {
				t.Error(err)
				return
			}
			had.Store(true)
			release()
		})
		release()
		again := take(t, quick)
		if !had.Load() {
			t.Fatal("the one that had the turn had it again first")
		}
		again()
		<-done
	}
}

func TestAWriterThatGivesUpLeavesTheTurnToOthers(t *testing.T) {
	t.Parallel()
	all := turns(t, 3)
	all[2].WaitAtMost(time.Hour) // it must get the turn, and not go on without it
	release := take(t, all[0])
	ctx, cancel := context.WithCancel(t.Context())
	done := taking(t, ctx, all[0], all[1], func(_ func(), err error) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
	})
	cancel()
	<-done
	release()
	take(t, all[2])()
	take(t, all[1])()
}

func TestTheNextWriterTakesThePlaceOfOneThatGaveUp(t *testing.T) {
	t.Parallel()
	all := turns(t, 2)
	release := take(t, all[0])
	for range 3 { // none of them stays in the system's queue
		ctx, cancel := context.WithCancel(t.Context())
		done := taking(t, ctx, all[0], all[1], func(func(), error) {})
		cancel()
		<-done
	}
	got := make(chan func(), 1)
	done := taking(t, t.Context(), all[0], all[1], func(release func(), err error) {
		if err != nil {
			t.Error(err)
		}
		got <- release
	})
	release()
	<-done
	(<-got)()
	take(t, all[0])()
}

func TestAKilledProcessPassesItsTurn(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	child, out := startProcess(t, d.URL, u.ID, "hold")
	if !out.Scan() || out.Text() != "held" {
		t.Fatalf("the other process said %q", out.Text())
	}
	s := impatient(t, d.URL)
	_, err := s.CreateTask(t.Context(), newTask(u.ID))
	wantError(t, "while another process has the turn", err, db.ErrUnavailable)
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	created(t, d, newTask(u.ID))
	created(t, s, newTask(u.ID))
}

// TestAProcessThatIsStoppedInTheQueueKeepsNobodyWaiting, because it holds none of SQLite's
// locks.
func TestAProcessThatIsStoppedInTheQueueKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	all := turns(t, 3)
	stopped, writes, other := all[0], all[1], all[2]
	if err := stopped.Stop(); err != nil {
		t.Fatal(err)
	}
	writes.WaitAtMost(time.Millisecond)
	take(t, writes)()
	writes.WaitAtMost(time.Hour) // no process waits for it again
	take(t, writes)()
	if err := stopped.Continue(); err != nil {
		t.Fatal(err)
	}
	take(t, other)() // no lock remains
	waittest.Until(t, "its place in the queue is gone", func() bool { return !writes.Queued() })
	release := take(t, writes)
	done := taking(t, t.Context(), writes, other, func(release func(), err error) {
		if err != nil {
			t.Error(err)
			return
		}
		release()
	})
	release()
	<-done
}
