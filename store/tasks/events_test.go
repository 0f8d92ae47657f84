package tasks_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/storetest"
	"vestibule/store/db"
	"vestibule/store/tasks"
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

func taskEventCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	oldest, latest, err := d.TaskFeed(t.Context(), u.ID)
	if oldest != 1 || latest != (tasks.Place{}) || err != nil {
		t.Errorf("before anything: got %d to %v, error %v; want 1 to 0", oldest, latest, err)
	}
	made := created(t, d, newTask(u.ID))
	created(t, d, newTask(other.ID))
	changed, err := d.UpdateTask(t.Context(), u.ID, made.ID, tasks.Change{Description: new(new("x"))}, nil, base().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	toggled, err := d.ToggleTask(t.Context(), u.ID, made.ID, nil, base().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteTask(t.Context(), u.ID, made.ID, nil, base().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want := []tasks.Event{
		{1, tasks.Created, made, made.CreatedAt}, {2, tasks.Updated, changed, changed.UpdatedAt},
		{3, tasks.Updated, toggled, toggled.UpdatedAt}, {4, tasks.Deleted, toggled, kept(2 * time.Hour)},
	}
	if diff := cmp.Diff(want, events(t, d, u.ID, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], events(t, d, u.ID, 2)); diff != "" {
		t.Errorf("after 2 (-want +got):\n%s", diff)
	}
	if oldest, latest, err := d.TaskFeed(t.Context(), u.ID); oldest != 1 || latest != (tasks.Place{Seq: 4, At: kept(2 * time.Hour)}) || err != nil {
		t.Errorf("feed: got %d to %v, error %v; want 1 to 4", oldest, latest, err)
	}
	feeds, err := d.TaskFeeds(t.Context(), []string{u.ID, other.ID, "usr_nobody"})
	if diff := cmp.Diff(map[string]tasks.Place{u.ID: {4, kept(2 * time.Hour)}, other.ID: {1, kept(0)}}, feeds); diff != "" || err != nil {
		t.Errorf("feeds: error %v (-want +got):\n%s", err, diff)
	}
}

// taskEventOrderCase reads while many write: a reader that has seen an event has seen all
// earlier ones.
func taskEventOrderCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
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
		for _, e := range events(t, d, u.ID, seen) {
			if e.Seq != seen+1 {
				t.Fatalf("got event %d after %d", e.Seq, seen)
			}
			seen = e.Seq
		}
	}
	wg.Wait()
}

func taskHistoryCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	d.Exec(t, `UPDATE task_feed SET seq = 1999 WHERE user_id = ?`, u.ID)
	if _, err := d.ToggleTask(t.Context(), u.ID, task.ID, nil, base()); err != nil {
		t.Fatal(err)
	}
	if oldest, latest, err := d.TaskFeed(t.Context(), u.ID); oldest != 2000 || latest.Seq != 2000 || err != nil {
		t.Errorf("after 2000 changes: got %d to %v, error %v; want the first to be gone", oldest, latest, err)
	}
	for n := int64(1); n > 0; {
		var err error
		if n, err = d.DeleteTaskEvents(t.Context(), base().Add(time.Hour), 10); err != nil {
			t.Fatal(err)
		}
	}
	if oldest, latest, err := d.TaskFeed(t.Context(), u.ID); oldest != 2001 || latest != (tasks.Place{Seq: 2000}) || err != nil {
		t.Errorf("after their time: got %d to %v, error %v; want 2001 to 2000", oldest, latest, err)
	}
}

func failedChangeCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	_, err := d.ToggleTask(t.Context(), u.ID, task.ID, &tasks.Versions{Only: []int64{9}}, base())
	wantError(t, "toggle", err, tasks.ErrChanged)
	wantError(t, "delete", d.DeleteTask(t.Context(), u.ID, task.ID+1000, nil, base()), db.ErrNotFound)
	if got := events(t, d, u.ID, 1); len(got) != 0 {
		t.Errorf("got %v, want no event", got)
	}
}

func watchCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	e := hearing(t, open(t, d.URL))
	pooled := host(t, d.URL) != host(t, d.Direct)
	switch {
	case d.Engine() == "sqlite":
		e.Eventually(t, "the first look", func(e *storetest.Ear) bool { return e.Looks > 0 })
	case pooled:
		// LISTEN is accepted, but nothing is ever delivered.
		e.Eventually(t, "not listening", func(e *storetest.Ear) bool { return e.IsListening != nil && !*e.IsListening })
		if e.Cause == nil {
			t.Error("not listening: got no cause")
		}
		// Each attempt takes seconds to detect that.
		if e.Before < 3 {
			t.Errorf("looked %d times until then, want twice a second", e.Before)
		}
	default:
		e.Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	}
	e.Mu.Lock()
	looks := e.Looks
	e.Mu.Unlock()
	created(t, d, newTask(u.ID))
	if d.Engine() == "sqlite" || pooled {
		e.Eventually(t, "another look", func(e *storetest.Ear) bool { return e.Looks > looks })
		return
	}
	e.Eventually(t, "the change", func(e *storetest.Ear) bool { return e.Latest[u.ID] == 1 })
	// A change that is rolled back is never announced. The change after it is.
	raw := d.Raw(t)
	tx, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT pg_notify('vestibule_task_events', 'usr_rolled_back')`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	created(t, d, newTask(u.ID))
	e.Eventually(t, "the second change", func(e *storetest.Ear) bool { return e.Latest[u.ID] == 2 })
	if e.Latest["usr_rolled_back"] != 0 {
		t.Error("heard of what was rolled back")
	}
	// The listening connection is ended: it is replaced, or polling begins.
	d.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`)
	e.Eventually(t, "not listening", func(e *storetest.Ear) bool { return !*e.IsListening && e.Looks > looks })
	if !errors.Is(e.Cause, db.ErrUnavailable) {
		t.Errorf("the connection has ended: got %v, want %v", e.Cause, db.ErrUnavailable)
	}
}
