package tasks_test

import (
	"testing"
	"time"

	"vestibule/store/tasks"
)

func TestAHistoryLacksWhatItOnceHad(t *testing.T) {
	t.Parallel()
	at := func(seq int64, hour int) tasks.Place {
		return tasks.Place{Seq: seq, At: kept(time.Duration(hour) * time.Hour)}
	}
	unknown := func(seq int64) tasks.Place { return tasks.Place{Seq: seq} }
	for _, tt := range []struct {
		name        string
		now, before tasks.Place
		lacks       bool
	}{
		{"nothing has happened", at(3, 0), at(3, 0), false},
		{"nothing has ever happened", unknown(0), unknown(0), false},
		{"more events", at(4, 1), at(3, 0), false},
		{"more events, as seen by a slow clock", at(4, 0), at(3, 1), false},
		{"fewer events", at(2, 0), at(3, 0), true},
		{"no events", unknown(0), at(3, 0), true},
		{"another event", at(3, 1), at(3, 0), true},
		{"the event is not kept any more", unknown(3), at(3, 0), false},
		{"the event was not known", at(3, 0), unknown(3), false},
	} {
		if got := tt.now.Lacks(tt.before); got != tt.lacks {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.lacks)
		}
	}
}

// TestEventsAfterALostOneAreRefused: a reader has seen the second event, and another one has
// its number now.
func TestEventsAfterALostOneAreRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		for range 3 {
			created(t, d, newTask(u.ID))
		}
		read := func(after tasks.Place) (int, error) {
			found, _, err := d.TaskEvents(t.Context(), u.ID, after, 10_000)
			return len(found), err
		}
		seen := tasks.Place{Seq: 2, At: kept(0)}
		if n, err := read(seen); n != 1 || err != nil {
			t.Errorf("got %d events, error %v", n, err)
		}
		other := tasks.Place{Seq: 2, At: kept(time.Millisecond)}
		_, err := read(other)
		wantError(t, "after another event", err, tasks.ErrOtherHistory)
		if n, err := read(tasks.Place{Seq: 2}); n != 1 || err != nil {
			t.Errorf("after an unknown event: got %d events, error %v", n, err)
		}
		d.Exec(t, `DELETE FROM task_event WHERE seq <= 2`)
		if n, err := read(other); n != 1 || err != nil {
			t.Errorf("after an event that is not kept: got %d events, error %v", n, err)
		}
	})
}
