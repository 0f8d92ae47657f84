package api

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

// writing is a store whose writes wait until they are let go. It counts those that wait.
type writing struct {
	broken
	running *sync.Map // by user: *atomic.Int64
	letGo   chan struct{}
}

func newWriting() writing {
	return writing{running: &sync.Map{}, letGo: make(chan struct{})}
}

func (w writing) of(user string) *atomic.Int64 {
	n, _ := w.running.LoadOrStore(user, new(atomic.Int64))
	return n.(*atomic.Int64)
}

func (w writing) wait(ctx context.Context, user string) (tasks.Task, error) {
	w.of(user).Add(1)
	defer w.of(user).Add(-1)
	select {
	case <-w.letGo:
		return tasks.Task{ID: 1, UserID: user, Title: "a", CreatedAt: noon, UpdatedAt: noon}, nil
	case <-ctx.Done():
		return tasks.Task{}, context.Cause(ctx)
	}
}

func (w writing) CreateTask(ctx context.Context, t tasks.Task) (tasks.Task, error) {
	return w.wait(ctx, t.UserID)
}

func (w writing) UpdateTask(ctx context.Context, user string, _ int64, _ tasks.Change, _ *tasks.Versions, _ time.Time) (tasks.Task, error) {
	return w.wait(ctx, user)
}

func (w writing) ToggleTask(ctx context.Context, user string, _ int64, _ *tasks.Versions, _ time.Time) (tasks.Task, error) {
	return w.wait(ctx, user)
}

func (w writing) DeleteTask(ctx context.Context, user string, _ int64, _ *tasks.Versions, _ time.Time) error {
	_, err := w.wait(ctx, user)
	return err
}

// TestOneUsersWritesLeaveConnectionsToOthers, however many there are at a time.
func TestOneUsersWritesLeaveConnectionsToOthers(t *testing.T) {
	t.Parallel()
	store := newWriting()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: store})
	var wg sync.WaitGroup
	write := func(method, path, body, user string) {
		wg.Go(func() {
			if res := s.do(t, method, path, body, auth(mint(t, user))); res.StatusCode >= http.StatusMultipleChoices {
				t.Errorf("%s of %s: got %d %s", method, user, res.StatusCode, res.body)
			}
		})
	}
	const each = 5
	for range each {
		write("POST", "/api/me/tasks", `{"title":"a"}`, ada)
		write("PUT", "/api/me/tasks/1", `{"title":"a"}`, ada)
		write("PATCH", "/api/me/tasks/1/complete", "", ada)
		write("DELETE", "/api/me/tasks/1", "", ada)
	}
	of := int64(store.Shares().Write / 2)
	waittest.Until(t, "all other writes of the user wait", func() bool {
		_, waiting := s.server.writes.Load()
		return waiting == 4*each-int(of)
	})
	if n := store.of(ada).Load(); n != of {
		t.Errorf("got %d writes of one user at once, want %d", n, of)
	}
	write("POST", "/api/me/tasks", `{"title":"b"}`, bob)
	waittest.Until(t, "another user writes", func() bool { return store.of(bob).Load() == 1 })
	close(store.letGo)
	wg.Wait()
	if taken, waiting := s.server.writes.Load(); taken+waiting != 0 {
		t.Errorf("at the end: %d places are taken and %d requests wait", taken, waiting)
	}
}

// TestAWriteThatWaitsTooLongIsAnOutage: its wait and its transaction have five seconds
// together.
func TestAWriteThatWaitsTooLongIsAnOutage(t *testing.T) {
	t.Parallel()
	store := newWriting() // lets nothing go
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: store})
	var wg sync.WaitGroup
	for range 3 * store.Shares().Write {
		wg.Go(func() {
			res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, auth(mint(t, ada)))
			if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
				t.Errorf("got %d, Retry-After %q, want 503 with it", res.StatusCode, res.Header.Get("Retry-After"))
			}
		})
	}
	wg.Wait()
}
