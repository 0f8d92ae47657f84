package daemon

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheHeartbeatLogsEachChangeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logBuffer{}
		var fault atomic.Pointer[error]
		fault.Store(new(error))
		var left atomic.Value
		p := &heartbeat{log: slog.New(slog.NewTextHandler(log, nil)), instance: "ins_x", first: make(chan struct{}),
			beat:   func(context.Context, string, time.Time) error { return *fault.Load() },
			remove: func(_ context.Context, instance string, _ time.Time) error { left.Store(instance); return nil },
		}
		ctx, cancel := context.WithCancel(t.Context())
		go p.run(ctx)
		want := func(err error) {
			t.Helper()
			time.Sleep(2 * beatInterval)
			if got := p.check(ctx); !errors.Is(got, err) || (got == nil) != (err == nil) {
				t.Errorf("got %v, want %v", got, err)
			}
		}
		want(nil)
		full := errors.New("the disk is full")
		fault.Store(&full)
		want(full)
		want(full)
		fault.Store(new(error))
		want(nil)
		cancel()
		synctest.Wait()
		for text, n := range map[string]int{"cannot be used": 1, "the disk is full": 1, "can be used again": 1} {
			if got := strings.Count(log.String(), text); got != n {
				t.Errorf("%q: got it %d times, want %d:\n%s", text, got, n, log)
			}
		}
		if left.Load() != "ins_x" {
			t.Errorf("got the row of %q deleted, want the row of this process", left.Load())
		}
	})
}

func TestAHangingBeatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang, beats := make(chan struct{}), 0
		p := &heartbeat{log: discard, first: make(chan struct{}),
			beat: func(context.Context, string, time.Time) error {
				if beats++; beats == 2 {
					<-hang
				}
				return nil
			},
			remove: func(context.Context, string, time.Time) error { return nil },
		}
		ctx, cancel := context.WithCancel(t.Context())
		go p.run(ctx)
		time.Sleep(beatInterval + beatTimeout + time.Second)
		if err := p.check(ctx); !errors.Is(err, errBeatHangs) {
			t.Errorf("got %v, want %v", err, errBeatHangs)
		}
		close(hang)
		synctest.Wait()
		if err := p.check(ctx); err != nil {
			t.Errorf("got %v after its end, want none", err)
		}
		cancel()
	})
}

func TestReadinessWaitsForTheFirstBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &heartbeat{first: make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
		defer cancel()
		if err := p.check(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
