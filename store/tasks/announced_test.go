package tasks_test

import (
	"strings"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

// changeTasks makes a change of every kind.
func changeTasks(t *testing.T, s *database, userID string) {
	t.Helper()
	task := created(t, s, newTask(userID))
	if _, _, err := s.CreateTaskOnce(t.Context(), newTask(userID), newOnce(newHash())); err != nil {
		t.Error(err)
	}
	if _, err := s.UpdateTask(t.Context(), userID, task.ID, tasks.Change{Title: new("x")}, nil, base()); err != nil {
		t.Error(err)
	}
	if _, err := s.ToggleTask(t.Context(), userID, task.ID, nil, base()); err != nil {
		t.Error(err)
	}
	if err := s.DeleteTask(t.Context(), userID, task.ID, nil, base()); err != nil {
		t.Error(err)
	}
}

// TestNoTransactionNotifies: a transaction with NOTIFY makes all writers of a server wait
// during its commit, until the commit is on disk.
func TestNoTransactionNotifies(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	p := newProxy(t, direct, nil)
	d := migratedURL(t, p.URL, direct)
	u, _ := signedUp(t, d)
	e := hearing(t, open(t, direct))
	e.Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	p.Record()
	changeTasks(t, d, u.ID)
	announced := func() (n int) {
		for _, text := range p.Recorded() {
			n += strings.Count(text, "pg_notify")
		}
		return n
	}
	e.Eventually(t, "an announcement", func(*storetest.Ear) bool { return announced() > 0 })
	writers := 0
	for _, text := range p.Recorded() {
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

func TestAChangeSucceedsEvenIfItsAnnouncementFails(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	p := newProxy(t, direct, nil)
	d := migratedURL(t, p.URL, direct)
	u, _ := signedUp(t, d)
	e := hearing(t, open(t, direct))
	e.Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	p.Record()
	p.CutAfter("pg_notify")
	changeTasks(t, d, u.ID)
	e.Eventually(t, "the announcement that is lost", func(*storetest.Ear) bool { return p.HasCut() })
	e.Mu.Lock()
	e.Latest[u.ID] = 0
	e.Mu.Unlock()
	changeTasks(t, d, u.ID)
	e.Eventually(t, "the next", func(e *storetest.Ear) bool { return e.Latest[u.ID] > 0 })
}

func TestAClosedStoreAnnouncesItsChanges(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	d := migratedURL(t, direct, direct)
	u, _ := signedUp(t, d)
	e := hearing(t, d)
	e.Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	other := open(t, direct)
	created(t, other, newTask(u.ID))
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	e.Eventually(t, "the change", func(e *storetest.Ear) bool { return e.Latest[u.ID] == 1 })
}

// TestChangesAreHeardWithParametersOfTheDriver: the driver reads the URL once more for the connection
// that listens.
func TestChangesAreHeardWithParametersOfTheDriver(t *testing.T) {
	t.Parallel()
	d := open(t, with(t, storetest.PostgresURL(t), "binary_parameters", "yes"))
	u, _ := signedUp(t, d)
	e := hearing(t, d)
	e.Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	created(t, d, newTask(u.ID))
	e.Eventually(t, "the change", func(e *storetest.Ear) bool { return e.Latest[u.ID] == 1 })
}

// TestUnannouncedChangesAreFound: a process can end between a commit and its announcement.
func TestUnannouncedChangesAreFound(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	d := migratedURL(t, direct, direct)
	e := hearing(t, d)
	e.Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	e.Mu.Lock()
	looks := e.Looks
	e.Mu.Unlock()
	e.Eventually(t, "two looks while notifications arrive", func(e *storetest.Ear) bool { return e.Looks >= looks+2 && *e.IsListening })
}

// repeatEvent copies the latest event, until there are n with it. The database does that, because
// a change of a large task is expensive.
func repeatEvent(t *testing.T, d *database, userID string, n int) {
	t.Helper()
	d.Exec(t, storetest.Many+`INSERT INTO task_event (user_id, seq, kind, at, task)
		SELECT e.user_id, e.seq + i, e.kind, e.at, e.task FROM n, task_event e
		WHERE e.user_id = ? AND e.seq = (SELECT seq FROM task_feed WHERE user_id = e.user_id)`, n-1, userID)
	d.Exec(t, `UPDATE task_feed SET seq = seq + ? WHERE user_id = ?`, n-1, userID)
}

// eventBytesCase: a thousand changes of large tasks are 40 MB.
func eventBytesCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	const description = 40_000
	large := newTask(u.ID)
	large.Title, large.Description = "x", new(strings.Repeat("\U0001F600", description/4))
	created(t, d, large)
	repeatEvent(t, d, u.ID, 30)
	small := newTask(u.ID)
	small.Title, small.Description = "x", nil
	created(t, d, small)
	repeatEvent(t, d, u.ID, 150)
	size := func(after, upTo int64) int {
		return d.CountRows(t, `SELECT SUM(octet_length(task)) FROM task_event WHERE user_id = ? AND seq > ? AND seq <= ?`, u.ID, after, upTo)
	}
	if n := size(0, 1); n < description || n > description+1000 {
		t.Fatalf("got an event of %d bytes, want little more than its text", n)
	}
	for _, tc := range []struct {
		after       int64
		limit, want int
		more        bool
	}{
		{0, 1, 1, true},
		{0, size(0, 1), 1, true},             // as many bytes as requested
		{0, size(0, 1) + 1, 2, true},         // one byte more
		{0, 3 * description, 3, true},        //
		{0, 100 << 20, 25, true},             // up to 1 MiB
		{30, 100 << 20, 100, true},           // and 100 rows
		{130, 100 << 20, 50, false},          // all that are left
		{130, size(130, 180), 50, true},      // the limit is reached, so there may be more
		{130, size(130, 180) + 1, 50, false}, //
		{180, 100 << 20, 0, false},           // nothing
		{29, size(29, 40), 11, true},         //
	} {
		found, more, err := d.TaskEvents(t.Context(), u.ID, tasks.Place{Seq: tc.after}, tc.limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != tc.want || more != tc.more {
			t.Errorf("%d bytes after %d: got %d events, more %t; want %d, %t", tc.limit, tc.after, len(found), more, tc.want, tc.more)
		}
		for i, e := range found {
			if e.Seq != tc.after+int64(i)+1 {
				t.Errorf("after %d: event %d is %d", tc.after, i, e.Seq)
			}
		}
	}
}
