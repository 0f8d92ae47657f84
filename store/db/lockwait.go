package db

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// LockWait describes a migration that waits for a lock of another transaction.
type LockWait struct {
	Lock     string // which it waits for, for example “AccessExclusiveLock on session”, or that another process migrates; "" if it is not known
	Blockers []Blocker
	Since    time.Duration // since the migration first waited
	Attempt  int           // of most; 0: it waits without an end, and stops nobody meanwhile
	Most     int
}

// Blocker is a server process that holds a lock, or waits for one in front of us.
type Blocker struct {
	PID         int64 // 0: a prepared transaction
	User        string
	Application string
	State       string
	For         time.Duration // how long its transaction has been open
	Query       string        // without literals, which may be secret
	vacuum      bool          // the server's own, which it cancels for us
}

// String is a message for the operator.
func (w LockWait) String() string {
	var b strings.Builder
	b.WriteString("waiting for a lock")
	if w.Lock != "" {
		b.WriteString(": " + w.Lock)
	}
	fmt.Fprintf(&b, ", for %v", w.Since.Round(time.Second))
	if w.Attempt > 0 {
		fmt.Fprintf(&b, ", attempt %d of %d", w.Attempt, w.Most)
	}
	for i, h := range w.Blockers {
		b.WriteString([]string{"; behind ", " and "}[min(i, 1)] + h.String())
	}
	return b.String()
}

// String describes the blocker.
func (h Blocker) String() string {
	if h.PID == 0 {
		return "a prepared transaction (see pg_prepared_xacts)"
	}
	text := fmt.Sprintf("process %d", h.PID)
	if h.User != "" {
		text += " of " + h.User
	}
	if h.Application != "" {
		text += fmt.Sprintf(" (%s)", h.Application)
	}
	text += fmt.Sprintf(", %s, its transaction is open for %v", h.State, h.For.Round(time.Second))
	if h.Query != "" {
		text += ": " + h.Query
	}
	return text
}

// lockWaits watches the server process that runs a migration.
type lockWaits struct {
	mu      sync.Mutex
	pid     int64          // of the server process; 0 before it is known
	seen    *LockWait      // the latest wait: a short one can end before it is looked at
	report  func(LockWait) // or nil
	first   time.Time      // when it first waited
	told    time.Time      // when it was last reported
	attempt int
	since   time.Time // when the wait that goes on began; zero: none
}

// runs notes the process that runs the migration.
func (l *lockWaits) runs(pid int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pid = pid
}

// begin begins an attempt.
func (l *lockWaits) begin(attempt int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempt = attempt
	if attempt == 1 {
		l.seen, l.first, l.told = nil, time.Time{}, time.Time{}
	}
}

// behindVacuum reports whether the latest wait was behind an autovacuum.
func (l *lockWaits) behindVacuum() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen != nil {
		for _, h := range l.seen.Blockers {
			if h.vacuum {
				return true
			}
		}
	}
	return false
}

// tell completes the latest wait, and reports it if that is due. most is 0 for a wait that
// has not ended.
func (l *lockWaits) tell(most int, every time.Duration) LockWait {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.first.IsZero() {
		l.first = now
	}
	w := LockWait{Since: now.Sub(l.first), Most: most}
	if l.seen != nil {
		w.Lock, w.Blockers = l.seen.Lock, l.seen.Blockers
	}
	if most > 0 {
		w.Attempt = l.attempt
	}
	if due := l.told.IsZero() || now.Sub(l.told) >= every; due && l.report != nil {
		l.told = now
		l.report(w)
	}
	return w
}

const (
	waitsSQL = `SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = ? AND NOT granted`

	blockersSQL = `SELECT w.mode || ' on ' || coalesce(w.relation::regclass::text, 'older transactions (' || w.locktype || ')'),
			p.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, a.backend_type, 'unknown'),
			coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::bigint,
			coalesce(left(a.query, 200), ''), coalesce(a.backend_type, '') = 'autovacuum worker'
		FROM pg_catalog.pg_locks w
		CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(w.pid)) AS p (pid)
		LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
		WHERE w.pid = ? AND NOT w.granted LIMIT 5`
)

const (
	lookEvery = 100 * time.Millisecond // shorter than one wait

	// longWait is when a wait is reported that has not ended, and how often.
	longWait = 5 * time.Second
)

// watch looks whether the migration waits, until stop or the end of ctx. It cannot use the transaction
// that holds the lock of migrations: the migration may have to wait for all transactions
// that have looked at anything.
func (l *lockWaits) watch(ctx context.Context, q Querier) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { l.lookAgain(ctx, q) })
	return func() {
		cancel()
		watcher.Wait()
	}
}

func (l *lockWaits) lookAgain(ctx context.Context, q Querier) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		one, cancel := context.WithTimeout(ctx, longWait)
		_ = l.look(one, q) // the migration continues without knowing what it waits for
		cancel()
	}
}

func (l *lockWaits) look(ctx context.Context, q Querier) error {
	l.mu.Lock()
	pid := l.pid
	l.mu.Unlock()
	var n int64
	if err := q.One(ctx, []any{&n}, waitsSQL, pid); err != nil || !l.waits(n > 0) {
		return err
	}
	var w LockWait
	var h Blocker
	var milliseconds int64
	err := q.Each(ctx, []any{&w.Lock, &h.PID, &h.User, &h.Application, &h.State, &milliseconds, &h.Query, &h.vacuum}, func() {
		h.For = time.Duration(milliseconds) * time.Millisecond
		h.Query = withoutLiterals(h.Query)
		w.Blockers = append(w.Blockers, h)
	}, blockersSQL, pid)
	if err == nil && len(w.Blockers) > 0 { // otherwise the wait has ended meanwhile
		l.mu.Lock()
		l.seen = &w
		l.mu.Unlock()
	}
	return err
}

// waits notes whether the migration waits, and reports a long wait.
func (l *lockWaits) waits(now bool) bool {
	l.mu.Lock()
	if !now {
		l.since = time.Time{}
	} else if l.since.IsZero() {
		l.since = time.Now()
	}
	long := now && time.Since(l.since) > longWait
	l.mu.Unlock()
	if long {
		l.tell(0, longWait)
	}
	return now
}

// withoutLiterals returns the beginning of a query up to the first text in it, in one line.
func withoutLiterals(query string) string {
	const most = 80
	text := strings.Join(strings.Fields(query), " ")
	cut := strings.IndexAny(text, `'$`)
	if cut < 0 && len(text) <= most {
		return text
	}
	if cut < 0 || cut > most {
		cut = most
	}
	return strings.ToValidUTF8(text[:cut], "") + "…"
}
