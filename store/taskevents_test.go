package store_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func taskEventCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"every change is an event with the task":                   taskEventCase,
		"events of changes at once have no gaps in the order seen": taskEventOrderCase,
		"old events are forgotten, and it shows":                   taskHistoryCase,
		"a change that fails is no event":                          failedChangeCase,
		"events are read by their bytes":                           eventBytesCase,
		"another process hears of changes":                         watchCase,
	}
}

func events(t *testing.T, s *store.Store, userID string, after int64) []store.TaskEvent {
	t.Helper()
	found, err := s.TaskEvents(t.Context(), userID, after, 10_000)
	if err != nil {
		t.Fatalf("events: %v", err)
	}
	return found
}

func taskEventCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	other, _ := signedUp(t, d.Store)
	oldest, latest, err := d.TaskFeed(t.Context(), u.ID)
	if oldest != 1 || latest != 0 || err != nil {
		t.Errorf("before anything: got %d to %d, error %v; want 1 to 0", oldest, latest, err)
	}
	made := created(t, d.Store, newTask(u.ID))
	created(t, d.Store, newTask(other.ID))
	changed, err := d.UpdateTask(t.Context(), u.ID, made.ID, store.TaskChange{Description: new(new("x"))}, nil, base().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	toggled, err := d.ToggleTask(t.Context(), u.ID, made.ID, nil, base().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteTask(t.Context(), u.ID, made.ID, nil, base()); err != nil {
		t.Fatal(err)
	}
	want := []store.TaskEvent{
		{1, store.TaskCreated, made}, {2, store.TaskUpdated, changed}, {3, store.TaskUpdated, toggled}, {4, store.TaskDeleted, toggled},
	}
	if diff := cmp.Diff(want, events(t, d.Store, u.ID, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], events(t, d.Store, u.ID, 2)); diff != "" {
		t.Errorf("after 2 (-want +got):\n%s", diff)
	}
	if oldest, latest, err := d.TaskFeed(t.Context(), u.ID); oldest != 1 || latest != 4 || err != nil {
		t.Errorf("feed: got %d to %d, error %v; want 1 to 4", oldest, latest, err)
	}
	feeds, err := d.TaskFeeds(t.Context(), []string{u.ID, other.ID, "usr_nobody"})
	if diff := cmp.Diff(map[string]int64{u.ID: 4, other.ID: 1}, feeds); diff != "" || err != nil {
		t.Errorf("feeds: error %v (-want +got):\n%s", err, diff)
	}
}

// taskEventOrderCase reads while many write: whoever has seen an event has seen
// all before it.
func taskEventOrderCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	const writers, each = 6, 15
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if _, err := d.CreateTask(t.Context(), newTask(u.ID)); err != nil {
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	for seen := int64(0); seen < writers*each && !t.Failed(); {
		for _, e := range events(t, d.Store, u.ID, seen) {
			if e.Seq != seen+1 {
				t.Fatalf("got event %d after %d", e.Seq, seen)
			}
			seen = e.Seq
		}
	}
	wg.Wait()
}

func taskHistoryCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	task := created(t, d.Store, newTask(u.ID))
	d.exec(t, `UPDATE task_feed SET seq = 1999 WHERE user_id = ?`, u.ID)
	if _, err := d.ToggleTask(t.Context(), u.ID, task.ID, nil, base()); err != nil {
		t.Fatal(err)
	}
	if oldest, latest, err := d.TaskFeed(t.Context(), u.ID); oldest != 2000 || latest != 2000 || err != nil {
		t.Errorf("after 2000 changes: got %d to %d, error %v; want the first to be gone", oldest, latest, err)
	}
	for n := int64(1); n > 0; {
		var err error
		if n, err = d.DeleteTaskEvents(t.Context(), base().Add(time.Hour), 10); err != nil {
			t.Fatal(err)
		}
	}
	if oldest, latest, err := d.TaskFeed(t.Context(), u.ID); oldest != 2001 || latest != 2000 || err != nil {
		t.Errorf("after their time: got %d to %d, error %v; want 2001 to 2000", oldest, latest, err)
	}
}

func failedChangeCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	task := created(t, d.Store, newTask(u.ID))
	_, err := d.ToggleTask(t.Context(), u.ID, task.ID, &store.Versions{Only: []int64{9}}, base())
	wantError(t, "toggle", err, store.ErrChanged)
	wantError(t, "delete", d.DeleteTask(t.Context(), u.ID, task.ID+1000, nil, base()), store.ErrNotFound)
	if got := events(t, d.Store, u.ID, 1); len(got) != 0 {
		t.Errorf("got %v, want no event", got)
	}
}

// ear hears of task events, by being told or by looking.
type ear struct {
	mu        sync.Mutex
	changed   map[string]int
	looks     int
	before    int // looks until it was known whether notifications arrive
	listening *bool
	cause     error
}

func (e *ear) Changed(userID string, _ int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changed[userID]++
}

func (e *ear) Look() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looks++
}

func (e *ear) Listening(is bool, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.listening == nil {
		e.before = e.looks
	}
	e.listening, e.cause = &is, cause
}

func (e *ear) eventually(t *testing.T, what string, holds func(*ear) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		e.mu.Lock()
		ok := holds(e)
		e.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still not after 20 s: %s (%+v)", what, e)
		}
	}
}

// hearing has s watch until the test ends.
func hearing(t *testing.T, s *store.Store) *ear {
	t.Helper()
	e := &ear{changed: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.WatchTasks(ctx, e)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("WatchTasks goes on after its context has ended")
		}
	})
	return e
}

func host(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func watchCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	e := hearing(t, open(t, d.url))
	pooled := host(t, d.url) != host(t, d.direct)
	switch {
	case d.Engine() == "sqlite":
		e.eventually(t, "the first look", func(e *ear) bool { return e.looks > 0 })
	case pooled:
		// LISTEN is accepted, and nothing is ever delivered.
		e.eventually(t, "not listening", func(e *ear) bool { return e.listening != nil && !*e.listening })
		if e.cause == nil {
			t.Error("not listening: got no cause")
		}
		// It takes seconds to find that out, at each attempt.
		if e.before < 3 {
			t.Errorf("looked %d times until then, want twice a second", e.before)
		}
	default:
		e.eventually(t, "listening", func(e *ear) bool { return e.listening != nil && *e.listening })
	}
	e.mu.Lock()
	looks := e.looks
	e.mu.Unlock()
	created(t, d.Store, newTask(u.ID))
	if d.Engine() == "sqlite" || pooled {
		e.eventually(t, "another look", func(e *ear) bool { return e.looks > looks })
		return
	}
	e.eventually(t, "the change", func(e *ear) bool { return e.changed[u.ID] == 1 })
	// A change that is rolled back is never told; one after it is.
	db := d.raw(t)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT pg_notify('vestibule_task_events', 'usr_rolled_back')`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	created(t, d.Store, newTask(u.ID))
	e.eventually(t, "the second change", func(e *ear) bool { return e.changed[u.ID] == 2 })
	if e.changed["usr_rolled_back"] != 0 {
		t.Error("heard of what was rolled back")
	}
	// The connection that listens is ended: it is replaced, or looking begins.
	d.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`)
	e.eventually(t, "not listening", func(e *ear) bool { return !*e.listening && e.looks > looks })
	if !errors.Is(e.cause, store.ErrUnavailable) {
		t.Errorf("the connection has ended: got %v, want %v", e.cause, store.ErrUnavailable)
	}
}
