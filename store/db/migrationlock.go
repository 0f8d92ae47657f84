package db

import (
	"context"
	"sync"
	"time"
)

// How long another process may migrate before the wait for it is reported, and how often it
// is reported then.
const (
	otherQuiet = time.Second
	otherTell  = 10 * time.Second
)

// migrationHolderSQL finds the process that holds the lock of tryLockPostgres. Behind a pooler
// it is one of the pooler.
const migrationHolderSQL = `SELECT l.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, 'unknown'),
		coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::bigint
	FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
	WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
		AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
		AND (l.classid::bigint << 32 | l.objid::bigint) = ` + migrationLockKey

// lockMigrations waits until no other process migrates, and takes the lock. It reports a long wait.
func (s *DB) lockMigrations(ctx context.Context) (held context.Context, release func(), err error) {
	whileReporting(ctx, s.waits.report, s.migrationHolder, func() { held, release, err = s.engine.lock(ctx) })
	return held, release, err
}

// whileReporting runs lock, and reports a long wait for another process. report may be nil.
func whileReporting(ctx context.Context, report func(LockWait), holder func(context.Context) []Blocker, lock func()) {
	waiting, stop := context.WithCancel(ctx)
	var reporter sync.WaitGroup
	if report != nil {
		reporter.Go(func() { reportOther(waiting, report, holder) })
	}
	lock()
	stop()
	reporter.Wait()
}

// reportOther reports the wait for another process until ctx ends.
func reportOther(ctx context.Context, report func(LockWait), holder func(context.Context) []Blocker) {
	begun := time.Now()
	for next := otherQuiet; sleep(ctx, next) == nil; next = otherTell {
		w := LockWait{Lock: "another process migrates this database", Since: time.Since(begun), Blockers: holder(ctx)}
		if ctx.Err() == nil {
			report(w)
		}
	}
}

// nobodyKnown is the holder of a lock on a file.
func nobodyKnown(context.Context) []Blocker { return nil }

// migrationHolder returns the process that migrates, or nothing if it is not known.
func (s *DB) migrationHolder(ctx context.Context) (found []Blocker) {
	if !s.engine.shared {
		return nobodyKnown(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, otherQuiet)
	defer cancel()
	var h Blocker
	var milliseconds int64
	_ = s.Read().Each(ctx, []any{&h.PID, &h.User, &h.Application, &h.State, &milliseconds}, func() {
		h.For = time.Duration(milliseconds) * time.Millisecond
		found = append(found, h)
	}, migrationHolderSQL) // the wait goes on without knowing for whom
	return found
}
