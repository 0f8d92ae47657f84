package throttle

import (
	"context"
	"fmt"
	"time"

	"vestibule/internal/fair"
	"vestibule/store"
	"vestibule/store/db"
)

// An attempt is refused as cheaply as it can be:
//
//  1. A block that this process remembers refuses it without the database.
//  2. Else it takes a place in the counting room. There are as many as the database has
//     use for, and one for each client: two attempts of one client would wait for the
//     same row. The others wait in a line that is shared fairly, and whoever finds it
//     full is refused, uncounted and untried.
//  3. With a place it looks at its counters: one read, which locks nothing.
//  4. Only when none of them blocks it does it write.
const (
	maxWaiting          = 512 // attempts that wait for a place
	maxWaitingPerClient = 64  // of one client
	maxWait             = 5 * time.Second
)

func newRoom() *fair.Room {
	return fair.New(fair.Limits{Places: db.CountingAtOnce, PerKey: 1, Queue: maxWaiting, QueuePerKey: maxWaitingPerClient, Wait: maxWait})
}

// enter takes a place in the counting room.
func (l *Limiter) enter(ctx context.Context, key string) (leave func(), err error) {
	if leave, err = l.room.Enter(ctx, key, 1); err != nil {
		err = fmt.Errorf("wait for the counting room: %w", err)
	}
	return leave, err
}

// Take counts an attempt. Its error is *Limited or a fair.Full when the attempt must not
// be made, or one of the store.
func (l *Limiter) Take(ctx context.Context, a Attempt) error {
	if l.off {
		return nil
	}
	keys := l.keys(a)
	if wait := l.blocks.wait(a, keys, l.time()); wait > 0 {
		return &Limited{wait}
	}
	leave, err := l.enter(ctx, a.place())
	if err != nil {
		return err
	}
	defer leave()
	wait, err := l.decide(ctx, a, keys)
	if err == nil && wait > 0 {
		return &Limited{wait}
	}
	return err
}

// decide returns how long the attempt must wait, and has counted it if it need not.
func (l *Limiter) decide(ctx context.Context, a Attempt, keys []string) (time.Duration, error) {
	// Who was before it in the line may have found a block.
	if wait := l.blocks.wait(a, keys, l.time()); wait > 0 {
		return wait, nil
	}
	if wait, err := l.read(ctx, a, keys); err != nil || wait > 0 {
		return wait, err
	}
	return l.count(ctx, a, keys)
}

// look returns how long the attempt is blocked. It counts nothing.
func (l *Limiter) read(ctx context.Context, a Attempt, keys []string) (time.Duration, error) {
	before := l.blocks.currentEpoch()
	counters, err := l.store.Counters(ctx, keys)
	if err != nil {
		return 0, err
	}
	now := l.time()
	wait := a.blocked(counters, now)
	if wait > 0 {
		l.blocks.remember(a, keys, counters, now, before)
	}
	return wait, nil
}

// count counts the attempt, unless it is blocked, and returns how long it must wait if it
// is one too many.
func (l *Limiter) count(ctx context.Context, a Attempt, keys []string) (wait time.Duration, err error) {
	now, before := l.time(), l.blocks.currentEpoch()
	var left []store.Counter
	err = l.store.Count(ctx, keys, func(counters []store.Counter) {
		left = counters
		// Another instance may have counted since they were looked at.
		if wait = a.blocked(counters, now); wait > 0 {
			return
		}
		for _, i := range a.held(counters, now) {
			wait = max(wait, a[i].rule.count(&counters[i], now))
		}
	})
	if err == nil && wait > 0 {
		l.blocks.remember(a, keys, left, now, before)
	}
	return wait, err
}

// blocked returns how long the attempt has to wait by the counters as they are.
func (a Attempt) blocked(counters []store.Counter, now time.Time) (wait time.Duration) {
	for _, i := range a.held(counters, now) {
		wait = max(wait, left(counters[i].BlockedUntil, now))
	}
	return wait
}

// place is what the attempt's places in the counting room count by.
func (a Attempt) place() string { return a[len(a)-1].value }
