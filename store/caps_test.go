package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"vestibule/store"
)

// TestASignInBeyondTheLimitEndsWhatWasUsedLongestAgo, and never itself. What has
// expired goes first.
func TestASignInBeyondTheLimitEndsWhatWasUsedLongestAgo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const limit = 3
		u, first := signedUp(t, d.Store)
		other, otherSession := signedUp(t, d.Store)
		signIn := func(at time.Duration, life time.Duration) (store.Session, []string) {
			t.Helper()
			s := newSession(u.ID)
			s.CreatedAt, s.UpdatedAt, s.ExpiresAt = base().Add(at), base().Add(at), base().Add(at+life)
			e := event(store.EventSessionRevoked)
			e.At = s.CreatedAt
			ended, err := ending(t.Context(), d, func(tx *store.Tx) error {
				if err := tx.StartSession(s); err != nil {
					return err
				}
				if err := tx.RequirePassword(u.ID, "hash of "+u.ID); err != nil {
					return err
				}
				return tx.KeepSessions(limit, s, e)
			})
			if err != nil {
				t.Fatal(err)
			}
			return s, ended
		}
		second, ended := signIn(time.Minute, time.Hour)
		brief, endedToo := signIn(2*time.Minute, time.Second)
		if len(ended)+len(endedToo) != 0 {
			t.Fatalf("got %d sessions ended within the limit", len(ended)+len(endedToo))
		}
		third, ended := signIn(3*time.Minute, time.Hour)
		if len(ended) != 1 || ended[0] != brief.TokenHash || d.trail(t, store.EventSessionRevoked, u.ID) != 0 {
			t.Errorf("got %v ended, want the one that has expired, which is not revoked", ended)
		}
		if ok, err := d.ExtendSession(t.Context(), first.TokenHash, first.UpdatedAt, base().Add(4*time.Minute), base().Add(2*time.Hour)); !ok || err != nil {
			t.Fatalf("extend: %t, %v", ok, err)
		}
		// Its clock is slow: it comes before all others.
		late, ended := signIn(-time.Hour, 2*time.Hour)
		if len(ended) != 1 || ended[0] != second.TokenHash || d.trail(t, store.EventSessionRevoked, u.ID) != 1 {
			t.Errorf("got %v ended, want the one that was used longest ago", ended)
		}
		for name, s := range map[string]store.Session{"extended": first, "third": third, "new": late, "another user's": otherSession} {
			if !exists(t, d.Store, s.TokenHash) {
				t.Errorf("the %s session has ended", name)
			}
		}
		if n := d.trail(t, store.EventSessionRevoked, other.ID); n != 0 {
			t.Errorf("another user has %d events", n)
		}
	})
}

// TestSessionsFromBeforeTheLimitEnd, of every user, in batches and each recorded.
func TestSessionsFromBeforeTheLimitEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const n, limit = store.BatchRows + 20, 5
		insert := piles(d)["sessions"].insert
		u, _ := signedUp(t, d.Store)
		d.exec(t, many+insert, n, u.ID)
		d.exec(t, `UPDATE session SET "expiresAt" = (SELECT max("expiresAt") FROM session)`)
		few, fewSession := signedUp(t, d.Store)
		most := largest(d.Store)
		if err := d.TrimSessions(t.Context(), limit, event(store.EventSessionRevoked)); err != nil {
			t.Fatal(err)
		}
		if got := d.count(t, `SELECT count(*) FROM session WHERE "userId" = ?`, u.ID); got != limit {
			t.Errorf("got %d sessions, want %d", got, limit)
		}
		if got := d.trail(t, store.EventSessionRevoked, u.ID); got != n+1-limit {
			t.Errorf("got %d events, want %d", got, n+1-limit)
		}
		if got := most(); got > store.BatchRows {
			t.Errorf("got %d rows in a statement", got)
		}
		if !exists(t, d.Store, fewSession.TokenHash) || d.trail(t, store.EventSessionRevoked, few.ID) != 0 {
			t.Error("a user within the limit has lost a session")
		}
	})
}

// TestAUserHasSoManyTasksAndNoMore: a refused one leaves nothing, and a deleted one
// makes room.
func TestAUserHasSoManyTasksAndNoMore(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		d.TasksPerUser = 3
		u, _ := signedUp(t, d.Store)
		other, _ := signedUp(t, d.Store)
		var last store.Task
		for range 3 {
			last = created(t, d.Store, newTask(u.ID))
		}
		for range 2 {
			_, err := d.CreateTask(t.Context(), newTask(u.ID))
			wantError(t, "one more", err, store.ErrTooManyTasks)
			_, _, err = d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("k"))
			wantError(t, "one more, with a key", err, store.ErrTooManyTasks)
		}
		if n := len(events(t, d.Store, u.ID, 0)); n != 3 || d.tasksOf(t, u.ID) != 3 || d.count(t, `SELECT count(*) FROM idempotency`) != 0 {
			t.Errorf("refused tasks have left something: %d events", n)
		}
		if _, err := d.ToggleTask(t.Context(), u.ID, last.ID, nil, base()); err != nil {
			t.Errorf("toggle at the limit: %v", err)
		}
		created(t, d.Store, newTask(other.ID))
		if err := d.DeleteTask(t.Context(), u.ID, last.ID, nil, base()); err != nil {
			t.Fatal(err)
		}
		created(t, d.Store, newTask(u.ID))
		_, err := d.CreateTask(t.Context(), newTask(u.ID))
		wantError(t, "one more again", err, store.ErrTooManyTasks)
	})
}

func lastApplied(t *testing.T, s *store.Store) (version int64) {
	t.Helper()
	status, err := s.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range status {
		if m.Applied {
			version = m.Version
		}
	}
	return version
}

// TestTheMigrationCountsTasks that were there before they were counted.
func TestTheMigrationCountsTasks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d.Store)
		other, _ := signedUp(t, d.Store)
		created(t, d.Store, newTask(u.ID))
		for lastApplied(t, d.Store) >= 17 {
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		manyTasks(t, d, u.ID, 2)
		manyTasks(t, d, other.ID, 4) // who has no row in task_feed
		if err := d.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]int{u.ID: 3, other.ID: 4} {
			if got := d.count(t, `SELECT tasks FROM task_feed WHERE user_id = ?`, id); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		}
		created(t, d.Store, newTask(other.ID))
		if got := events(t, d.Store, other.ID, 0); len(got) != 1 || got[0].Seq != 1 {
			t.Errorf("got %+v, want the first event", got)
		}
	})
}

// TestKeptAnswersAreBounded: beyond it a request with a key does nothing, and one whose
// answer is kept is still answered the same.
func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, full string }{
		{"by their number", `UPDATE task_feed SET kept_seq = ? WHERE user_id = ?`},
		{"by their bytes", `UPDATE task_feed SET kept_bytes = ? WHERE user_id = ?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, d *database) {
				u, _ := signedUp(t, d.Store)
				other, _ := signedUp(t, d.Store)
				ctx := t.Context()
				for _, key := range []string{"k1", "k2"} {
					if _, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce(key)); err != nil {
						t.Fatal(err)
					}
				}
				room := store.MaxKept // of which the next is the last: from 1 to MaxKept
				if strings.Contains(tt.full, "bytes") {
					room = store.MaxKeptBytes
				}
				d.exec(t, tt.full, room-1, u.ID)
				if _, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k3")); err != nil {
					t.Fatalf("the last that there is room for: %v", err)
				}
				for range 2 {
					_, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k4"))
					if full, ok := errors.AsType[*store.KeptFull](err); !ok || !full.Until.Equal(kept(time.Hour)) {
						t.Fatalf("beyond: got %v, want KeptFull until the oldest expires", err)
					}
				}
				if n := d.tasksOf(t, u.ID); n != 3 {
					t.Errorf("got %d tasks, want 3", n)
				}
				if _, replayed, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k3")); !replayed || err != nil {
					t.Errorf("again: got replayed %t, %v", replayed, err)
				}
				created(t, d.Store, newTask(u.ID)) // without a key
				if _, _, err := d.CreateTaskOnce(ctx, newTask(other.ID), newOnce("k")); err != nil {
					t.Errorf("another user: %v", err)
				}
				if n, err := d.DeleteExpiredAnswers(ctx, base().Add(time.Hour), 2); n != 2 || err != nil {
					t.Fatalf("got %d, %v", n, err)
				}
				if _, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k4")); err != nil {
					t.Errorf("after the oldest have gone: %v", err)
				}
			})
		})
	}
}

// TestEventsAreBoundedByBytes: few large ones are kept as many small ones are, and a
// statement deletes a bounded number.
func TestEventsAreBoundedByBytes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d.Store)
		task := newTask(u.ID)
		task.Description = new(strings.Repeat("€", 10_000)) // of three bytes
		const size, n = 30_000, 320
		most := largest(d.Store)
		task = created(t, d.Store, task)
		for range n {
			if _, err := d.ToggleTask(t.Context(), u.ID, task.ID, nil, base()); err != nil {
				t.Fatal(err)
			}
		}
		oldest, latest, err := d.TaskFeed(t.Context(), u.ID)
		if err != nil || latest != n+1 {
			t.Fatalf("got %d, %v", latest, err)
		}
		const all, slack = store.TaskHistoryBytes / size, store.TaskHistoryBytes / size / 8
		if got := latest - oldest + 1; got < all-1 || got > all+slack+2 {
			t.Errorf("got %d events kept, want %d to %d", got, all, all+slack)
		}
		if got := events(t, d.Store, u.ID, oldest-1); got[0].Seq != oldest {
			t.Errorf("got %d first, want %d", got[0].Seq, oldest)
		}
		if got := most(); got > 200 {
			t.Errorf("got %d rows in a statement", got)
		}
	})
}
