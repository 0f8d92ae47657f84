package api

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

const lostReset = `{"reason":"The database has lost changes. Read the list again."}`

// loses runs statements in one transaction, as if the database had lost commits.
func (s *surface) loses(t *testing.T, statements ...string) {
	t.Helper()
	tx, err := s.store.Raw(t).BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range statements {
		if _, err := tx.Exec(query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestOpenStreamsAreToldOfLostCommits: ada has seen three events. A failover or a restore
// can leave her feed in any of these states, until the next look.
func TestOpenStreamsAreToldOfLostCommits(t *testing.T) {
	const (
		otherEvent = `UPDATE task_event SET at = '2026-02-03T13:00:00.000Z' WHERE seq = 3`
		oneMore    = `INSERT INTO task_event (user_id, seq, kind, at, task) SELECT user_id, 4, 'updated', at, task FROM task_event WHERE seq = 3`
	)
	for name, tt := range map[string]struct {
		statements []string
		now        int
	}{
		"the number is lower":                   {[]string{`UPDATE task_feed SET seq = 1`, `DELETE FROM task_event WHERE seq > 1`}, 1},
		"another event has the same number":     {[]string{otherEvent}, 3},
		"the number is higher again":            {[]string{otherEvent, oneMore, `UPDATE task_feed SET seq = 4`}, 4},
		"there is no event":                     {[]string{`DELETE FROM task_feed`, `DELETE FROM task_event`}, 0},
		"the number is lower, without an event": {[]string{`UPDATE task_feed SET seq = 2`, `DELETE FROM task_event`}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, s *surface) {
				s.runs(t)
				token := auth(mint(t, ada))
				open := []*stream{s.watch(t, token), s.watch(t, with(token, "Last-Event-Id", "0"))}
				for range 3 {
					s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
				}
				for _, st := range open {
					for range 4 {
						st.next(t)
					}
				}
				s.loses(t, tt.statements...)
				for _, st := range open {
					if got, want := st.next(t), event(tt.now, "tasks.reset", lostReset); got != want {
						t.Fatalf("got %q, want %q", got, want)
					}
				}
				body := s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, token).body
				for _, st := range open {
					if got, want := st.next(t), event(tt.now+1, "task.created", body); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				}
			})
		})
	}
}

// TestANewStreamShowsALoss before the next look. The new stream begins at the present number,
// and must not read in vain for events up to the lost one.
func TestANewStreamShowsALoss(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		old := s.watch(t, token)
		for range 3 {
			s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
		}
		for range 4 {
			old.next(t)
		}
		s.loses(t, `UPDATE task_feed SET seq = 1`, `DELETE FROM task_event WHERE seq > 1`)
		fresh := s.watch(t, token)
		if got, want := fresh.next(t), "retry: 1000\nid: 1\n"; got != want {
			t.Errorf("the new stream: got %q, want %q", got, want)
		}
		if got, want := old.next(t), event(1, "tasks.reset", lostReset); got != want {
			t.Errorf("the old stream: got %q, want %q", got, want)
		}
		body := s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, token).body
		for _, st := range []*stream{old, fresh} {
			if got, want := st.next(t), event(2, "task.created", body); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

// TestARestoredBackupResetsStreams replaces the database below an open stream by a copy from
// before its latest events.
func TestARestoredBackupResetsStreams(t *testing.T) {
	t.Parallel()
	s := newSurface(t, postgres)
	s.runs(t)
	token := auth(mint(t, ada))
	st := s.watch(t, token)
	s.do(t, "POST", "/api/me/tasks", `{"title":"kept"}`, token)
	st.next(t)
	st.next(t)
	restore := backup(t, s.store.Direct)
	create := func(title string) (body string) {
		waittest.Until(t, "the database answers", func() bool {
			res := s.do(t, "POST", "/api/me/tasks", `{"title":"`+title+`"}`, token)
			body = res.body
			return res.StatusCode == 201
		})
		return body
	}
	for range 2 {
		create("lost")
		st.next(t)
	}
	restore()
	if got, want := st.next(t), event(1, "tasks.reset", lostReset); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	body := create("new")
	if got, want := st.next(t), event(2, "task.created", body); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// backup copies the database. restore gives its name to the copy.
func backup(t *testing.T, databaseURL string) (restore func()) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	admin, err := sql.Open("postgres", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, other := range []string{name + "_copy", name + "_lost"} {
			_, _ = admin.Exec("DROP DATABASE IF EXISTS " + other + " WITH (FORCE)")
		}
		_ = admin.Close()
	})
	// exclusively runs a statement that fails while anybody is connected.
	exclusively := func(statement string) {
		t.Helper()
		if _, err := admin.Exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false"); err != nil {
			t.Fatal(err)
		}
		waittest.Until(t, statement, func() bool {
			_, err := admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
			if err == nil {
				_, err = admin.Exec(statement)
			}
			return err == nil
		})
	}
	exclusively("CREATE DATABASE " + name + "_copy TEMPLATE " + name)
	if _, err := admin.Exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		exclusively("ALTER DATABASE " + name + " RENAME TO " + name + "_lost")
		if _, err := admin.Exec("ALTER DATABASE " + name + "_copy RENAME TO " + name); err != nil {
			t.Fatal(err)
		}
	}
}
