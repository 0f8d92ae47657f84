package api

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

// countingTasks counts the queries that streams make. A query of events counts when it
// returns: whoever has seen an event then also sees that it was read.
type countingTasks struct {
	Tasks
	events, feeds atomic.Int64
}

func (c *countingTasks) TaskEvents(ctx context.Context, userID string, after tasks.Place, limit int) ([]tasks.Event, bool, error) {
	defer c.events.Add(1)
	return c.Tasks.TaskEvents(ctx, userID, after, limit)
}

func (c *countingTasks) TaskFeed(ctx context.Context, userID string) (oldest int64, latest tasks.Place, err error) {
	c.feeds.Add(1)
	return c.Tasks.TaskFeed(ctx, userID)
}

// TestAChangeIsReadOnceForAllStreamsOfAUser: with one read per stream and change, the
// streams of one user would slow down all requests.
func TestAChangeIsReadOnceForAllStreamsOfAUser(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		const streams, changes = 20, 15
		here := &countingTasks{Tasks: s.store.Tasks}
		first := startSurface(t, sharedSecretConfig(), Deps{Tasks: here})
		first.runs(t)
		token := auth(mint(t, ada))
		var open []*stream
		for range streams {
			open = append(open, first.watch(t, token))
		}
		ofBob := first.watch(t, auth(mint(t, bob)))
		for _, st := range append(open, ofBob) {
			st.next(t)
		}
		opened := here.feeds.Load()
		for i, from := range []*surface{first, s} { // its own changes, and another instance's
			before := here.events.Load()
			for range changes {
				from.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
			}
			for n, st := range open {
				for j := range changes {
					if got, want := st.next(t), fmt.Sprintf("id: %d\n", i*changes+j+1); !strings.HasPrefix(got, want) {
						t.Fatalf("stream %d: got %q, want %q", n, got, want)
					}
				}
			}
			// Twice: a look may happen between a change and its notification.
			if got := here.events.Load() - before; got < 1 || got > 2*changes {
				t.Errorf("%d streams and %d changes: %d reads, want one per change", streams, changes, got)
			} else {
				t.Logf("%d streams and %d changes: %d reads", streams, changes, got)
			}
		}
		if got := here.feeds.Load() - opened; got != 0 {
			t.Errorf("open streams asked %d times for the number of the latest event", got)
		}
		if len(ofBob.blocks) != 0 {
			t.Error("a stream of another user got something")
		}
	})
}

// TestAnUnannouncedChangeReachesStreams writes a change without a notification, like a
// process that was killed right after its commit.
func TestAnUnannouncedChangeReachesStreams(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]func(testing.TB) *storetest.Database{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := engine(t)
			arriving := make(chan bool, 8)
			st.OnListening(func(is bool, _ error) { arriving <- is })
			s := startSurface(t, sharedSecretConfig(), Deps{Tasks: st.Tasks})
			s.runs(t)
			if name == "PostgreSQL" {
				for !waittest.Receive(t, "notifications", arriving) { // without them, changes are polled all the time
				}
			}
			token := auth(mint(t, ada))
			task := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token).body
			stream := s.watch(t, token)
			stream.next(t)
			tx, err := st.Raw(t).BeginTxx(t.Context(), nil) // a poll between the two would miss the event
			if err != nil {
				t.Fatal(err)
			}
			for _, query := range []string{
				`UPDATE task_feed SET seq = 2`,
				`INSERT INTO task_event (user_id, seq, kind, at, task) SELECT user_id, 2, 'updated', at, task FROM task_event`,
			} {
				if _, err := tx.Exec(query); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if got, want := stream.next(t), event(2, "task.updated", task); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			t.Logf("arrived after %v", time.Since(begun).Round(time.Millisecond))
		})
	}
}
