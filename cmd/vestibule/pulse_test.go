package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/pgtest"
)

// TestReadyzFailsWhenTheSchemaIsTakenBack under the running instance, and the log has the cure.
func TestReadyzFailsWhenTheSchemaIsTakenBack(t *testing.T) {
	for engine, url := range map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "x.db"),
		"postgres": pgtest.Database(t),
	} {
		t.Run(engine, func(t *testing.T) {
			env := anywhere(t).with(environment{"DATABASE_URL": url, "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
			i := start(t, "serve", env)
			if code, _, stderr := once(t, "migrate down", environment{"DATABASE_URL": url}); code != exitOK {
				t.Fatal(stderr)
			}
			ready := i.log.url("admin") + "/readyz"
			eventually(t, "unready", func() bool { return statusOf(ready) == http.StatusServiceUnavailable })
			eventually(t, "logged", func() bool { return strings.Contains(i.log.String(), "run vestibule migrate up") })
			if code, _, stderr := once(t, "migrate up", environment{"DATABASE_URL": url}); code != exitOK {
				t.Fatal(stderr)
			}
			eventually(t, "ready again", func() bool { return statusOf(ready) == http.StatusOK })
		})
	}
}

func TestAnInstanceTakesItsRowWithIt(t *testing.T) {
	env := anywhere(t)
	i := start(t, "serve", env)
	rows := func() (n int) {
		t.Helper()
		db, err := sql.Open("sqlite", strings.TrimPrefix(env["DATABASE_URL"], "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRow(`SELECT count(*) FROM instance`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := rows(); got != 1 {
		t.Errorf("while it runs: got %d rows, want 1", got)
	}
	i.stop()
	await(t, "exit", i.code)
	if got := rows(); got != 0 {
		t.Errorf("after its end: got %d rows, want none", got)
	}
}

func TestThePulseTellsOfEachChangeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logBuffer{}
		var fault atomic.Pointer[error]
		fault.Store(new(error))
		var left atomic.Value
		p := &pulse{log: slog.New(slog.NewTextHandler(log, nil)), instance: "ins_x", first: make(chan struct{}),
			beat: func(context.Context, string, time.Time) error { return *fault.Load() },
			tidy: func(_ context.Context, instance string, _ time.Time) error { left.Store(instance); return nil },
		}
		ctx, cancel := context.WithCancel(t.Context())
		go p.run(ctx)
		want := func(err error) {
			t.Helper()
			time.Sleep(2 * beatEvery)
			if got := p.ask(ctx); !errors.Is(got, err) || (got == nil) != (err == nil) {
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
			t.Errorf("got the row of %q deleted, want its own", left.Load())
		}
	})
}

func TestABeatThatHangsHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang, beats := make(chan struct{}), 0
		p := &pulse{log: discard, first: make(chan struct{}),
			beat: func(context.Context, string, time.Time) error {
				if beats++; beats == 2 {
					<-hang
				}
				return nil
			},
			tidy: func(context.Context, string, time.Time) error { return nil },
		}
		ctx, cancel := context.WithCancel(t.Context())
		go p.run(ctx)
		time.Sleep(beatEvery + beatLimit + time.Second)
		if err := p.ask(ctx); !errors.Is(err, errBeatHangs) {
			t.Errorf("got %v, want %v", err, errBeatHangs)
		}
		close(hang)
		synctest.Wait()
		if err := p.ask(ctx); err != nil {
			t.Errorf("got %v after its end, want none", err)
		}
		cancel()
	})
}

// TestTheFirstBeatIsWaitedFor: before it nothing is known.
func TestTheFirstBeatIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pulse{first: make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
		defer cancel()
		if err := p.ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
