package periodic

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/testlog"
)

func TestJobsRunAtOnceAndAtEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &testlog.Buffer{}
		left := 2 // batches
		var mu sync.Mutex
		var done []string
		did := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, what)
		}
		soFar := func() []string {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(done)
		}
		jobs := []Job{
			{"rows were not deleted", func(context.Context) (bool, error) {
				did("fails")
				return true, errors.New("the disk is full")
			}},
			{"never said", func(context.Context) (bool, error) {
				did("batch")
				left--
				return left > 0, nil
			}},
		}
		ctx, stop := context.WithCancel(t.Context())
		go Run(ctx, slog.New(slog.NewTextHandler(log, nil)), time.Hour, jobs...)

		time.Sleep(time.Hour - time.Second)
		if want := []string{"fails", "batch", "batch"}; !slices.Equal(soFar(), want) {
			t.Errorf("got %q at first, want %q", soFar(), want)
		}
		time.Sleep(2 * time.Second)
		if want := []string{"fails", "batch", "batch", "fails", "batch"}; !slices.Equal(soFar(), want) {
			t.Errorf("got %q after an hour, want %q", soFar(), want)
		}
		if got := log.String(); strings.Count(got, "rows were not deleted") != 2 || !strings.Contains(got, "the disk is full") || strings.Contains(got, "never said") {
			t.Errorf("got log %s", got)
		}
		stop()
		time.Sleep(2 * time.Hour)
		if got := soFar(); len(got) != 5 {
			t.Errorf("got %q after the end", got)
		}
	})
}

func TestTheEndOfTheProgramIsNotLoggedAsAFailure(t *testing.T) {
	log := &testlog.Buffer{}
	ctx, stop := context.WithCancel(t.Context())
	Run(ctx, slog.New(slog.NewTextHandler(log, nil)), time.Hour, Job{"rows were not deleted", func(ctx context.Context) (bool, error) {
		stop()
		return false, ctx.Err()
	}})
	if got := log.String(); got != "" {
		t.Errorf("got log %s, want none", got)
	}
}
