package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// heard counts the announcements, by user, and the statements that made them.
type heard struct {
	latest     map[string]int64
	statements atomic.Int64
}

func (h *heard) tell(_ context.Context, payloads []string) error {
	h.statements.Add(1)
	for _, p := range payloads {
		if len(p) > announceBytes {
			return fmt.Errorf("a payload of %d bytes", len(p))
		}
		announced(p, func(userID string, seq int64) { h.latest[userID] = max(seq, h.latest[userID]) })
	}
	return nil
}

func TestManyChangesAreAnnouncedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &heard{latest: map[string]int64{}}
		a := &announcer{send: h.tell}
		want := map[string]int64{}
		var wg sync.WaitGroup
		for seq := range int64(3) {
			for u := range 500 {
				userID := fmt.Sprint("usr_", strings.Repeat("x", u/2), u)
				want[userID] = 3
				wg.Go(func() { a.add(userID, 3-seq) })
			}
		}
		wg.Wait()
		if h.statements.Load() != 0 {
			t.Error("a writer has waited for its announcement")
		}
		time.Sleep(announceEvery)
		synctest.Wait()
		if h.statements.Load() != 1 || !maps.Equal(h.latest, want) {
			t.Errorf("1500 changes of 500 users: got %d of them in %d statements, want 500 in 1", len(h.latest), h.statements.Load())
		}
		a.add("usr_later", 1)
		a.end() // end waits
		if h.statements.Load() != 2 || h.latest["usr_later"] != 1 {
			t.Error("what was gathered at the end was not told")
		}
		a.add("usr_late", 1)
		time.Sleep(2 * announceEvery)
		synctest.Wait()
		if h.statements.Load() != 2 {
			t.Error("something was told after the end")
		}
	})
}

// TestFailedAnnouncementsDelayNobody: nothing accumulates while the database hangs or
// refuses.
func TestFailedAnnouncementsDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		a := &announcer{send: func(context.Context, []string) error {
			attempts++
			time.Sleep(time.Minute)
			return errors.New("no")
		}}
		begun := time.Now()
		a.add("usr_first", 1)
		time.Sleep(announceEvery)
		for u := range 2 * announceMost {
			a.add(fmt.Sprint("usr_", u), 1)
		}
		if got := len(a.latest); got != announceMost {
			t.Errorf("%d users are gathered, want %d", got, announceMost)
		}
		if took := time.Since(begun); took != announceEvery {
			t.Errorf("writers have waited for %v", took-announceEvery)
		}
		a.end()
		if took := time.Since(begun); took != announceEvery+announceLast {
			t.Errorf("the end took %v, want %v", took-announceEvery, announceLast)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if attempts != 2 {
			t.Errorf("got %d attempts, want one for each time", attempts)
		}
	})
}

func FuzzAnnounced(f *testing.F) {
	f.Add("7 usr_a\n9 usr_b")
	f.Add("usr_of_an_earlier_version")
	f.Add("0 usr_a\n-1 usr_b\n\n 7 \n99999999999999999999 usr_c")
	f.Fuzz(func(t *testing.T, payload string) {
		told := map[string]int64{}
		lines := 0
		announced(payload, func(userID string, seq int64) {
			lines++
			if seq < 0 {
				t.Errorf("got number %d", seq)
			}
			if seq > 0 {
				told[userID] = max(seq, told[userID])
			}
		})
		if lines != strings.Count(payload, "\n")+1 {
			t.Errorf("got %d users of %q", lines, payload)
		}
		if len(told) == 0 {
			return
		}
		again := map[string]int64{}
		for _, p := range payloads(told) {
			announced(p, func(userID string, seq int64) { again[userID] = seq })
		}
		if !maps.Equal(told, again) {
			t.Errorf("wrote %v, read %v", told, again)
		}
	})
}
