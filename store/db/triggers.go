package db

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// The triggers on sessions and users tell instances of the ends and changes of sessions. A
// person, or a tool that copies data, may drop them, switch them off or replace them, or
// replace their tables. On PostgreSQL each heartbeat carries the state of tables, triggers
// and functions. After any change of it nothing that was read before counts as current, even
// if all is in order again: something may have ended in between. And nothing that is read
// afterwards counts as current before the triggers are checked.

// TriggerFault means that ends and changes of sessions are not told.
type TriggerFault struct {
	Missing []string // triggers
	Off     []string // triggers that do not fire in every session of the database
	Changed []string // triggers that fire for something else, or do something else
	Rewrote []string // functions of triggers that do something else
}

func (f *TriggerFault) Error() string {
	var parts []string
	for _, p := range []struct {
		before string
		names  []string
		after  string
	}{
		{"the database lacks the triggers ", f.Missing, ""},
		{"the triggers ", f.Off, " are disabled, or not enabled as ALWAYS"},
		{"the triggers ", f.Changed, " are not those of the migrations"},
		{"the functions ", f.Rewrote, " are not those of the migrations"},
	} {
		if len(p.names) > 0 {
			parts = append(parts, p.before+strings.Join(p.names, ", ")+p.after)
		}
	}
	return strings.Join(parts, ", and ")
}

// CheckTriggers returns a *TriggerFault if ends and changes of sessions are not told. Until
// it has found all triggers in order again, Version returns that error. Then the version is
// another one, because something may have been missed.
func (s *DB) CheckTriggers(ctx context.Context) error { return s.checkTriggers(ctx, s.Read()) }

func (s *DB) checkTriggers(ctx context.Context, q Querier) error {
	found, err := s.findTriggers(ctx, q)
	if err != nil {
		return err
	}
	if before := s.triggers.found.Load(); found.fault == nil && before != nil && before.fault != nil {
		s.triggers.faults.Add(1) // first: a version from between must not be valid
	}
	s.triggers.found.Store(found)
	if found.fault != nil {
		return found.fault
	}
	return nil
}

// triggers is what CheckTriggers has found.
type triggers struct {
	found  atomic.Pointer[foundTriggers] // nil before the first check
	faults atomic.Int64                  // how many have ended

	forbidden atomic.Int64 // until when the state is not asked for, in Unix nanoseconds
}

const (
	// checkLimit bounds the check of a heartbeat. PostgreSQL waits for a table that somebody has
	// locked, and announcements of tasks wait for the same connection.
	checkLimit = 700 * time.Millisecond
	// forbiddenFor is the time between two attempts of a user who may not read the catalog. The
	// server logs each.
	forbiddenFor = time.Minute
)

type foundTriggers struct {
	state string        // of stateSQL; "" on SQLite
	fault *TriggerFault // nil: none
}

// errTriggersUnchecked means that somebody has changed the triggers since the last check.
var errTriggersUnchecked = errors.New("the triggers on sessions are not checked yet")

// stateSQL returns a number that changes when somebody replaces or rewrites a table, or adds,
// changes or removes a trigger or its function. Each such change writes a row, and xmin is
// the number of the transaction that has written it. It is cheap: heartbeats ask it.
const stateSQL = `SELECT coalesce(pg_catalog.hashtextextended(pg_catalog.string_agg(pg_catalog.concat_ws(' ',
		c.oid, c.relfilenode, t.oid, t.xmin, p.oid, p.xmin), ',' ORDER BY c.oid, t.oid), 0), 0)::text AS state
	FROM pg_catalog.pg_class c
	LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
	LEFT JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
	WHERE c.oid IN (to_regclass('session'), to_regclass('"user"'))`

// heartbeat sends a heartbeat with the state of the triggers, and checks them if it is new. It
// does both on a connection of its own: until they are checked every request queries its
// session, so the others are busy. A user who may not read the catalog sends no state. Then no
// session is believed, and changes of tasks still arrive at once.
func (s *DB) heartbeat(ctx context.Context, channel, text string) error {
	if time.Now().UnixNano() < s.triggers.forbidden.Load() {
		return s.notify(ctx, channel, text)
	}
	var state string
	err := s.Call(ctx, "heartbeat", func(ctx context.Context) error {
		return s.announcements.QueryRowContext(ctx, `SELECT state FROM (`+stateSQL+`) s,
			LATERAL pg_catalog.pg_notify($1, $2::text || ' ' || state)`, channel, text).Scan(&state)
	})
	if errors.Is(err, ErrForbidden) {
		s.triggers.forbidden.Store(time.Now().Add(forbiddenFor).UnixNano())
		return s.notify(ctx, channel, text)
	}
	if err != nil {
		return err
	}
	if found := s.triggers.found.Load(); found == nil || found.state != state {
		short, cancel := Within(ctx, checkLimit)
		defer cancel()
		_ = s.checkTriggers(short, Querier{s.announcements}) // a fault is kept, and after any other error the next heartbeat tries again
	}
	return nil
}

// findTriggers reads the state and the triggers in one statement: a state must not be
// believed for triggers that were repaired after it. The definitions may be newer than the
// state. Then the next heartbeat has another state, and they are checked again.
func (s *DB) findTriggers(ctx context.Context, q Querier) (found *foundTriggers, err error) {
	query := `SELECT '', name, '', sql, true, '', '', true FROM sqlite_master WHERE type = 'trigger'`
	if s.engine.shared {
		query = `SELECT s.state, coalesce(t.tgname::text, ''), CASE WHEN t.tgrelid = to_regclass('session') THEN 'session' ELSE '"user"' END, coalesce(pg_catalog.pg_get_triggerdef(t.oid), ''), coalesce(t.tgenabled = 'A', false),
				coalesce(p.proname::text, ''), coalesce(p.prosrc, ''), coalesce(p.prosecdef AND p.proconfig::text LIKE '%search_path=%pg_temp%', false)
			FROM (` + stateSQL + `) s
			LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid IN (to_regclass('session'), to_regclass('"user"')) AND NOT t.tgisinternal
			LEFT JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid`
	}
	err = s.Call(ctx, "triggers", func(ctx context.Context) error {
		wanted, err := s.wantedTriggers()
		if err != nil {
			return err
		}
		found = &foundTriggers{}
		fault := &TriggerFault{}
		var t trigger
		err = q.Each(ctx, []any{&found.state, &t.name, &t.table, &t.definition, &t.always, &t.function, &t.source, &t.byOwner}, func() {
			i := slices.IndexFunc(wanted, func(w trigger) bool { return w.name == t.name })
			if i < 0 {
				return
			}
			fault.compare(t, wanted[i])
			wanted = slices.Delete(wanted, i, i+1)
		}, query)
		for _, w := range wanted {
			fault.Missing = append(fault.Missing, w.name)
		}
		if len(fault.Missing)+len(fault.Off)+len(fault.Changed)+len(fault.Rewrote) > 0 {
			found.fault = fault
		}
		return err
	})
	return found, err
}
