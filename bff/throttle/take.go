package throttle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestibule/internal/fair"
	"vestibule/store"
)

// Take makes a refusal as cheap as possible:
//
//  1. If this process remembers a block, Take refuses without the database.
//  2. Otherwise the attempt takes a place in the counting room. The room has as many places
//     as the database has connections for counting. Each client gets one place, because two
//     attempts of one client would wait for the same row. Other attempts wait in a queue
//     that clients share fairly. If the queue is full, an attempt is refused and not
//     counted.
//  3. With a place, the attempt reads its counters. The read locks nothing.
//  4. It writes only if no counter blocks it.
const (
	maxWaiting          = 512 // attempts in the queue
	maxWaitingPerClient = 64  // attempts of one client in the queue
	maxWait             = 5 * time.Second
)

func newRoom(places int) *fair.Room {
	return fair.New(fair.Limits{Places: places, PerKey: 1, Queue: maxWaiting, QueuePerKey: maxWaitingPerClient, Wait: maxWait})
}

// enter takes a place in the counting room.
func (l *Limiter) enter(ctx context.Context, key string) (leave func(), err error) {
	if leave, err = l.room.Enter(ctx, key, 1); err != nil {
		err = fmt.Errorf("wait for the counting room: %w", err)
	}
	return leave, err
}

// Take counts an attempt. If the error is *Limited or a fair.Full, the attempt must not be
// made. Other errors come from the store or the context.
func (l *Limiter) Take(ctx context.Context, a Attempt) error {
	if l.off {
		return nil
	}
	keys := l.keys(a)
	if wait := l.blocks.wait(a, keys, l.time()); wait > 0 {
		l.refused(a, keys)
		return &Limited{wait}
	}
	leave, err := l.enter(ctx, a.roomKey())
	if err != nil {
		if errors.As(err, new(fair.Full)) {
			l.throttled.WithLabelValues(busyRule).Inc()
		}
		return err
	}
	defer leave()
	wait, err := l.decide(ctx, a, keys)
	if err == nil && wait > 0 {
		l.refused(a, keys)
		return &Limited{wait}
	}
	return err
}

// decide counts the attempt, or returns how long it must wait.
func (l *Limiter) decide(ctx context.Context, a Attempt, keys []string) (time.Duration, error) {
	// An attempt ahead in the queue may have found a block.
	if wait := l.blocks.wait(a, keys, l.time()); wait > 0 {
		return wait, nil
	}
	if wait, err := l.read(ctx, a, keys); err != nil || wait > 0 {
		return wait, err
	}
	return l.count(ctx, a, keys)
}

// read returns how long the attempt is blocked. It counts nothing.
func (l *Limiter) read(ctx context.Context, a Attempt, keys []string) (time.Duration, error) {
	epoch := l.blocks.currentEpoch()
	counters, err := l.store.Counters(ctx, keys)
	if err != nil {
		return 0, err
	}
	now := l.time()
	wait := a.blocked(counters, now)
	if wait > 0 {
		l.blocks.remember(a, keys, counters, now, epoch)
	}
	return wait, nil
}

// count counts the attempt unless it is blocked. It returns how long the attempt must wait
// if it is blocked or exceeds a limit.
func (l *Limiter) count(ctx context.Context, a Attempt, keys []string) (wait time.Duration, err error) {
	now, epoch := l.time(), l.blocks.currentEpoch()
	var written []store.Counter
	err = l.store.Count(ctx, keys, func(counters []store.Counter) {
		written = counters
		// Another instance may have counted since the read.
		if wait = a.blocked(counters, now); wait > 0 {
			return
		}
		for _, i := range a.applicable(counters, now) {
			wait = max(wait, a[i].rule.count(&counters[i], now))
		}
	})
	if err == nil && wait > 0 {
		l.blocks.remember(a, keys, written, now, epoch)
	}
	return wait, err
}

// blocked returns how long the attempt must wait according to the counters.
func (a Attempt) blocked(counters []store.Counter, now time.Time) (wait time.Duration) {
	for _, i := range a.applicable(counters, now) {
		wait = max(wait, remaining(counters[i].BlockedUntil, now))
	}
	return wait
}

// roomKey is the attempt's key in the counting room.
func (a Attempt) roomKey() string { return a[len(a)-1].value }
