package db_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

func TestEveryConnectionHasTheSameSettings(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	for _, name := range []string{"read", "write"} { // the other kinds of work share them
		pool := d.Pools()[name]
		size := pool.Stats().MaxOpenConnections
		for range size { // each is new, because the others are in use
			conn, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for pragma, want := range map[string]string{
				"foreign_keys": "1", "journal_mode": "wal",
				"busy_timeout": fmt.Sprint(db.Patience.Milliseconds() * 4 / 5),
				"synchronous":  "2", // FULL
				"query_only":   map[string]string{"read": "1", "write": "0"}[name],
			} {
				var got string
				if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s: got %s, error %v, want %s", name, pragma, got, err, want)
				}
			}
			if _, err := conn.QueryContext(t.Context(), `SELECT "no such column"`); err == nil {
				t.Errorf("%s: a mistyped column is taken for text", name)
			}
		}
	}
	if got := d.Pools()["write"].Stats().MaxOpenConnections; got != 1 {
		t.Errorf("writing connections: got %d, want 1", got)
	}
}

// readsOnly are the methods that write nothing if there is nothing to do.
var readsOnly = []string{"Ping", "Counters", "CheckMigrated", "MigrationStatus", "MigrateUp", "CredentialByEmail",

	"SessionByTokenHash", "LiveSessions", "ListTasks", "TaskPage", "TaskEvents", "TaskFeed", "TaskFeeds", "Task", "Keys", "AccountsOf", "SessionsOf", "AddressFree",
	"UserByEmail", "UserByID", "PasswordHash", "Users", "Events", "Clients",
	"TrimSessions", "FoldTasks"} // when there is nothing to trim, and none to fold

func TestAFileLockedByAnotherProcessCanBeReadButNotWritten(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	s := impatient(t, d.URL)
	conn, err := d.Raw(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	calls := methods(t.Context(), d, u, session, task)
	for _, name := range readsOnly {
		if err := calls[name](); err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
		}
		delete(calls, name)
	}
	var wg sync.WaitGroup
	for name := range calls {
		call := methods(t.Context(), s, u, session, task)[name]
		wg.Go(func() { wantError(t, name, call(), db.ErrUnavailable) })
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = d.ToggleTask(ctx, u.ID, task.ID, nil, base())
	wantError(t, "a caller with less patience", err, context.DeadlineExceeded)

	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for name, call := range methods(t.Context(), d, u, session, task) {
		if err := call(); err != nil {
			t.Errorf("%s, unlocked: got error %v, want none", name, err)
		}
	}
}

func TestAFullDiskIsUnavailableAndLosesNothing(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	var pages int
	if err := d.Pools()["write"].QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	// The limit of the only connection that writes simulates a full disk.
	if _, err := d.Pools()["write"].Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+20)); err != nil {
		t.Fatal(err)
	}
	task := newTask(u.ID)
	task.Description = new(repeat("x", 10_000))
	var written []int64
	var err error
	for err == nil && len(written) < 1000 {
		var got tasks.Task
		if got, err = d.CreateTask(t.Context(), task); err == nil {
			written = append(written, got.ID)
		}
	}
	wantError(t, "create", err, db.ErrUnavailable)
	if got := listed(t, d, u.ID); len(got) == 0 || !slices.Equal(got, written) {
		t.Errorf("got %d tasks, want the %d that were acknowledged", len(got), len(written))
	}
}

// Closing any descriptor of a file releases all locks that SQLite has in the process. Open
// must not do that.
func TestOpeningAFileAgainKeepsTheLocksOfTheFirst(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	signedUp(t, d)
	locked := func() string {
		out, err := command(d.URL, "", "probe").CombinedOutput() // a process cannot see its own locks
		if err != nil {
			t.Fatalf("probe: %v: %s", err, out)
		}
		return string(out)
	}
	if got := locked(); got != "locked\n" {
		t.Fatalf("before: got %q, want the file locked", got)
	}
	again, err := store.Open(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := locked(); got != "locked\n" {
		t.Errorf("after opening it again: got %q, want the file locked", got)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if got := locked(); got != "locked\n" {
		t.Errorf("after closing that: got %q, want the file locked", got)
	}
}

// TestWritersTakeTurnsInOrder: the writer that has waited longest is next. Otherwise an
// unlucky writer could wait until its call times out.
func TestWritersTakeTurnsInOrder(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	s := openWithin(t, d.URL, time.Hour)
	held, release := make(chan struct{}), make(chan struct{})
	const writers = 20
	var ids [writers]int64 // the tasks of the writers; they are numbered in the order of the writes
	var all sync.WaitGroup
	all.Go(func() {
		err := s.Tx(t.Context(), "test", func(*store.Tx) error {
			close(held)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	waittest.Receive(t, "the turn", held)
	for i := range writers {
		all.Go(func() {
			task, err := s.CreateTask(t.Context(), newTask(u.ID))
			if err != nil {
				t.Error(err)
			}
			ids[i] = task.ID
		})
		waittest.Until(t, "it waits for its turn", func() bool { return s.DB.Waiting() == i+1 })
	}
	letGo()
	all.Wait()
	if !slices.IsSorted(ids[:]) {
		t.Errorf("they were served in another order: got tasks %v", ids)
	}
}
