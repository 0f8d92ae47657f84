package session

import (
	"context"
	"testing"
	"time"
)

// openExchange adds an exchange that is older than grace.
func openExchange(t *testing.T, x *exchanges, hash string, now time.Time) *exchange {
	t.Helper()
	_, cancel := context.WithCancelCause(t.Context())
	e := &exchange{hash: hash, since: now.Add(-2 * grace), cancel: cancel, expires: now.Add(time.Hour), version: unknown}
	x.add(e)
	return e
}

// TestADoubtDuringTheQueryIsNotSettledByItsAnswer: the answer may be from before the change.
// A doubt about another session changes nothing, so that a user who makes changes all the
// time does not make the sessions of all others be read again.
func TestADoubtDuringTheQueryIsNotSettledByItsAnswer(t *testing.T) {
	t.Parallel()
	const version = 7
	now := time.Now()
	for _, tt := range []struct {
		name    string
		doubt   func(x *exchanges)
		settled bool
	}{
		{"none", func(*exchanges) {}, true},
		{"about another session", func(x *exchanges) { x.doubt("other") }, true},
		{"about this session", func(x *exchanges) { x.doubt("this") }, false},
		{"about all", func(x *exchanges) { x.doubtAll() }, false},
	} {
		x := &exchanges{}
		openExchange(t, x, "other", now)
		e := openExchange(t, x, "this", now)
		queried := x.doubtful(now, version)
		late := openExchange(t, x, "this", now)
		tt.doubt(x)
		x.settle(queried, map[string]time.Time{"this": now.Add(time.Hour), "other": now.Add(time.Hour)}, version, now)
		if got := e.version == version; len(queried) != 2 || got != tt.settled {
			t.Errorf("a doubt %s: queried %v, settled: got %v, want %v", tt.name, queried, got, tt.settled)
		}
		if late.version != unknown {
			t.Errorf("a doubt %s: an exchange that began after the query is settled by it", tt.name)
		}
	}
}

// TestForgottenSessionsLeaveNothing in the map of exchanges.
func TestForgottenSessionsLeaveNothing(t *testing.T) {
	t.Parallel()
	x := &exchanges{}
	for _, hash := range []string{"a", "a", "b"} {
		x.remove(openExchange(t, x, hash, time.Now()))
	}
	if len(x.open) != 0 {
		t.Errorf("got %d sessions without an exchange, want none", len(x.open))
	}
}

// BenchmarkEndOfASessionBesideManyStreams is the cost of one notification at an instance
// with all the streams that it may have.
func BenchmarkEndOfASessionBesideManyStreams(b *testing.B) {
	x := &exchanges{}
	now := time.Now()
	for i := range DefaultStreams {
		x.add(&exchange{hash: string(rune(i)), since: now, cancel: func(error) {}, version: unknown})
	}
	for b.Loop() {
		x.end("another", now)
		x.doubt("another")
	}
}

// TestExchangesLeaveInAnyOrder: those of one session hang on each other.
func TestExchangesLeaveInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		x := &exchanges{}
		var all []*exchange
		for range 3 {
			all = append(all, openExchange(t, x, "a", time.Now()))
		}
		for i, n := range order {
			x.remove(all[n])
			x.remove(all[n]) // again does nothing
			left := 0
			for e := x.open["a"]; e != nil; e = e.next {
				left++
			}
			if left != 2-i {
				t.Errorf("order %v: got %d exchanges after %d have left, want %d", order, left, i+1, 2-i)
			}
		}
	}
}
