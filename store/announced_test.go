package store_test

import (
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/store"
)

// changeTasks makes a change of every kind.
func changeTasks(t *testing.T, s *store.Store, userID string) {
	t.Helper()
	task := created(t, s, newTask(userID))
	if _, _, err := s.CreateTaskOnce(t.Context(), newTask(userID), newOnce(newHash())); err != nil {
		t.Error(err)
	}
	if _, err := s.UpdateTask(t.Context(), userID, task.ID, store.TaskChange{Title: new("x")}, nil, base()); err != nil {
		t.Error(err)
	}
	if _, err := s.ToggleTask(t.Context(), userID, task.ID, nil, base()); err != nil {
		t.Error(err)
	}
	if err := s.DeleteTask(t.Context(), userID, task.ID, nil, base()); err != nil {
		t.Error(err)
	}
}

// TestNoTransactionNotifies: NOTIFY has all writers of a server wait for each other, from
// the statement that commits it until that is on disk.
func TestNoTransactionNotifies(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	p := newProxy(t, direct, nil)
	d := migratedURL(t, p.url, direct)
	u, _ := signedUp(t, d.Store)
	e := hearing(t, open(t, direct))
	e.eventually(t, "listening", func(e *ear) bool { return e.listening != nil && *e.listening })
	p.record()
	changeTasks(t, d.Store, u.ID)
	announced := func() (n int) {
		for _, text := range p.recorded() {
			n += strings.Count(text, "pg_notify")
		}
		return n
	}
	e.eventually(t, "an announcement", func(*ear) bool { return announced() > 0 })
	writers := 0
	for _, text := range p.recorded() {
		writes := strings.Contains(text, "INSERT INTO task_event")
		if (writes || strings.Contains(text, "BEGIN")) && strings.Contains(text, "pg_notify") {
			t.Errorf("a connection with transactions notifies:\n%q", text)
		}
		if writes {
			writers++
		}
	}
	if writers == 0 {
		t.Error("the changes were not recorded")
	}
}

func TestAChangeSucceedsWhateverBecomesOfItsAnnouncement(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	p := newProxy(t, direct, nil)
	d := migratedURL(t, p.url, direct)
	u, _ := signedUp(t, d.Store)
	e := hearing(t, open(t, direct))
	e.eventually(t, "listening", func(e *ear) bool { return e.listening != nil && *e.listening })
	p.record()
	p.cutAfter("pg_notify")
	changeTasks(t, d.Store, u.ID)
	e.eventually(t, "the announcement that is lost", func(*ear) bool { return p.cut.Load() == nil })
	e.mu.Lock()
	e.changed[u.ID] = 0
	e.mu.Unlock()
	changeTasks(t, d.Store, u.ID)
	e.eventually(t, "the next", func(e *ear) bool { return e.changed[u.ID] > 0 })
}

func TestAStoreThatIsClosedAnnouncesWhatItHas(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	d := migratedURL(t, direct, direct)
	u, _ := signedUp(t, d.Store)
	e := hearing(t, d.Store)
	e.eventually(t, "listening", func(e *ear) bool { return e.listening != nil && *e.listening })
	other, err := store.Open(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	created(t, other, newTask(u.ID))
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	e.eventually(t, "the change", func(e *ear) bool { return e.changed[u.ID] == 1 })
}

// TestWhatNobodyAnnouncesIsLookedFor: a process may end after its commit.
func TestWhatNobodyAnnouncesIsLookedFor(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	d := migratedURL(t, direct, direct)
	e := hearing(t, d.Store)
	e.eventually(t, "listening", func(e *ear) bool { return e.listening != nil && *e.listening })
	e.mu.Lock()
	looks := e.looks
	e.mu.Unlock()
	e.eventually(t, "two looks while notifications arrive", func(e *ear) bool { return e.looks >= looks+2 && *e.listening })
}

// eventBytesCase: a thousand changes of large tasks are 40 MB.
func eventBytesCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d.Store)
	const description = 40_000
	large := newTask(u.ID)
	large.Title, large.Description = "x", new(strings.Repeat("\U0001F600", description/4))
	for range 30 {
		created(t, d.Store, large)
	}
	small := newTask(u.ID)
	small.Title, small.Description = "x", nil
	for range 150 {
		created(t, d.Store, small)
	}
	for _, tc := range []struct {
		after       int64
		limit, want int
		more        bool
	}{
		{0, 1, 1, true},
		{0, description + 1, 1, true},        // as much as was asked for
		{0, description + 2, 2, true},        // a byte more
		{0, 3 * description, 3, true},        //
		{0, 100 << 20, 25, true},             // up to 1 MiB
		{30, 100 << 20, 100, true},           // and 100 rows
		{130, 100 << 20, 50, false},          // the rest
		{130, 50, 50, true},                  // there may be more
		{130, 51, 50, false},                 //
		{180, 100 << 20, 0, false},           // nothing
		{29, description + 1 + 10, 11, true}, //
	} {
		found, err := d.TaskEvents(t.Context(), u.ID, tc.after, tc.limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != tc.want || store.MoreTaskEvents(found, tc.limit) != tc.more {
			t.Errorf("%d bytes after %d: got %d events, more %t; want %d, %t", tc.limit, tc.after, len(found), store.MoreTaskEvents(found, tc.limit), tc.want, tc.more)
		}
		for i, e := range found {
			if e.Seq != tc.after+int64(i)+1 {
				t.Errorf("after %d: event %d is %d", tc.after, i, e.Seq)
			}
		}
	}
}
