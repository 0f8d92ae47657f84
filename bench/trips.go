package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// trip is what one kind of request costs the database.
type trip struct {
	engine, what string
	median       time.Duration // of one request, one at a time
	trips        float64       // round trips of the program to PostgreSQL
	walBytes     float64       // write-ahead log, on PostgreSQL
	diskBytes    float64       // that the program wrote to files, on SQLite
}

const tripRequests = 500

// measureTrips sends requests one after the other to a serve, and looks at the database.
func measureTrips(ctx context.Context, g *ground) (all []trip, indexes int, err error) {
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		db, err := g.engineOf(name)
		if err != nil {
			return nil, 0, err
		}
		var counter *tripCounter
		var env []string
		var raw *sqlx.DB
		through := db
		if db.url != "" {
			if raw, err = sqlx.ConnectContext(ctx, "postgres", db.url); err != nil {
				return nil, 0, err
			}
			g.stops = append(g.stops, func() { _ = raw.Close() })
			target, err := url.Parse(db.url)
			if err != nil {
				return nil, 0, err
			}
			if counter, err = newTripCounter(target.Host); err != nil {
				return nil, 0, err
			}
			g.stops = append(g.stops, counter.stop)
			target.Host = counter.addr()
			through.url = target.String()
			env = []string{"DATABASE_LISTEN_URL=" + db.url} // what is heard is no round trip of a request
		}
		m, err := g.memberAt(ctx, g.s.binary, "serve", through, env...)
		if err != nil {
			return nil, 0, err
		}
		id, err := m.create(ctx, "One task", description)
		if err != nil {
			return nil, 0, err
		}
		one := fmt.Sprintf("/api/proxy/me/tasks/%d", id)
		created := []byte(newTask)
		for _, r := range []struct {
			what, method, path string
			body               []byte
			status             int
		}{
			{"one task", http.MethodGet, one, nil, 200},
			{"a list of 20", http.MethodGet, "/api/proxy/me/tasks?limit=20", nil, 200},
			{"a new task", http.MethodPost, "/api/proxy/me/tasks", created, 201},
			{"a task's new title", http.MethodPut, one, []byte(`{"title":"Another title"}`), 200},
			{"done, not done", http.MethodPatch, one + "/complete", nil, 200},
		} {
			t := trip{engine: name, what: r.what}
			if err := t.measure(m, counter, raw, func() error {
				status, err := m.call(ctx, r.method, r.path, r.body, nil)
				if err == nil && status != r.status {
					err = fmt.Errorf("%s %s answered %d", r.method, r.path, status)
				}
				return err
			}); err != nil {
				return nil, 0, err
			}
			progress("trips, %s, %s: %.2f round trips, %.2f ms", name, t.what, t.trips, ms(t.median))
			all = append(all, t)
		}
		if raw != nil {
			if err := raw.GetContext(ctx, &indexes, `SELECT count(*) FROM pg_index WHERE indrelid = 'tasks'::regclass AND indpred IS NULL`); err != nil {
				return nil, 0, err
			}
		}
	}
	return all, indexes, nil
}

// measure calls do many times. What the program does by itself meanwhile is measured
// before, and subtracted.
func (t *trip) measure(m *member, counter *tripCounter, raw *sqlx.DB, do func() error) error {
	if err := do(); err != nil { // warms up, and tells faults soon
		return err
	}
	const rest = 3 * time.Second
	idle, err := takeTripReading(m, counter, raw)
	if err != nil {
		return err
	}
	time.Sleep(rest)
	before, err := takeTripReading(m, counter, raw)
	if err != nil {
		return err
	}
	var took []time.Duration
	begin := time.Now()
	for range tripRequests {
		start := time.Now()
		if err := do(); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	share := time.Since(begin).Seconds() / rest.Seconds()
	after, err := takeTripReading(m, counter, raw)
	if err != nil {
		return err
	}
	slices.Sort(took)
	t.median = took[len(took)/2]
	each := func(idle, before, after float64) float64 {
		return max(0, after-before-(before-idle)*share) / tripRequests
	}
	t.trips = each(idle.trips, before.trips, after.trips)
	t.walBytes = each(idle.wal, before.wal, after.wal)
	t.diskBytes = each(idle.disk, before.disk, after.disk)
	return nil
}

type tripReading struct{ trips, wal, disk float64 }

func takeTripReading(m *member, counter *tripCounter, raw *sqlx.DB) (r tripReading, err error) {
	if counter == nil {
		// The log of SQLite is written in whole pages, and again into the file later.
		r.disk = float64(procValue(fmt.Sprintf("/proc/%d/io", m.pids()[0]), "write_bytes:"))
		return r, nil
	}
	r.trips = float64(counter.trips.Load())
	return r, raw.Get(&r.wal, `SELECT pg_current_wal_insert_lsn() - '0/0'`)
}

// tripsReport is the report's block about the database.
func tripsReport(all []trip, indexes int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `| | one request, median | round trips | write-ahead log of PostgreSQL | written to files by SQLite |
|---|---|---|---|---|
`)
	for _, t := range all {
		trips, wal, disk := "–", "–", fmt.Sprintf("%.1f KiB", t.diskBytes/1024)
		if t.engine == "PostgreSQL" {
			trips, wal, disk = fmt.Sprintf("%.1f", t.trips), fmt.Sprintf("%.2f KiB", t.walBytes/1024), "–"
		}
		fmt.Fprintf(&b, "| %s, %s | %.2f ms | %s | %s | %s |\n", t.engine, t.what, ms(t.median), trips, wal, disk)
	}
	fmt.Fprintf(&b, "\nA new task is written to %d indexes on PostgreSQL.\n", indexes)
	return b.String()
}
