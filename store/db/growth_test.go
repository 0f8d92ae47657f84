package db_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// TestADeletedUserIsGoneAtOnceAndTheirRowsInBatches: no statement grows with the user's
// data, and the remaining rows are invisible.
func TestADeletedUserIsGoneAtOnceAndTheirRowsInBatches(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const each = 1200
		u, once := rich(t, d, each)
		other, _ := rich(t, d, 3)
		ctx, most := t.Context(), largest(d)
		if _, err := ending(ctx, d, func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event(store.EventUserDeleted)) }); err != nil {
			t.Fatal(err)
		}
		if got := most(); got > 10 {
			t.Errorf("the deletion changes %d rows in a statement, want a few", got)
		}
		if n := remaining(t, d, u.ID); n != 3*each+1 {
			t.Errorf("got %d rows left, want all %d and the note of them", n, 3*each)
		}
		isGone(t, d, u, once)
		again := newUser()
		again.Email = u.Email
		if err := signUp(ctx, d, again, "hash", newSession(again.ID)); err != nil {
			t.Errorf("the address is not free: %v", err)
		}

		r, err := d.DeleteRemains(ctx, "")
		if err != nil || r.UserID != u.ID || r.Rows != db.BatchRows || r.Done {
			t.Errorf("first batch: got %+v, %v", r, err)
		}
		isGone(t, d, u, once)
		if got := r.Rows + deleteRemains(t, open(t, d.URL)); got != 3*each { // another instance continues
			t.Errorf("got %d rows deleted, want %d", got, 3*each)
		}
		if got := most(); got > db.BatchRows {
			t.Errorf("a batch has %d rows", got)
		}
		if n := remaining(t, d, u.ID); n != 0 {
			t.Errorf("got %d rows left", n)
		}
		if n := remaining(t, d, other.ID); n != 3*3+1 {
			t.Errorf("another user has %d rows left, want 10", n)
		}
	})
}

// isGone checks that a token of a deleted user opens nothing. It may live for minutes.
func isGone(t *testing.T, d *database, u store.User, once tasks.Once) {
	t.Helper()
	ctx := t.Context()
	first := int64(d.CountRows(t, `SELECT min(id) FROM tasks WHERE user_id = ?`, u.ID))
	if got := listed(t, d, u.ID); len(got) != 0 {
		t.Errorf("list: got %d tasks", len(got))
	}
	if got := events(t, d, u.ID, 0); len(got) != 0 {
		t.Errorf("events: got %d", len(got))
	}
	_, err := d.Task(ctx, u.ID, first)
	wantError(t, "task", err, db.ErrNotFound)
	_, err = d.ToggleTask(ctx, u.ID, first, nil, base())
	wantError(t, "toggle", err, db.ErrNotFound)
	_, err = d.ToggleTask(ctx, u.ID, first, &tasks.Versions{Only: []int64{9}}, base())
	wantError(t, "toggle at a version", err, db.ErrNotFound)
	wantError(t, "delete", d.DeleteTask(ctx, u.ID, first, nil, base()), db.ErrNotFound)
	_, err = d.CreateTask(ctx, newTask(u.ID))
	wantError(t, "create", err, db.ErrNoUser)
	_, _, err = d.CreateTaskOnce(ctx, newTask(u.ID), once)
	wantError(t, "create again", err, db.ErrNoUser)
	wantError(t, "start session", d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID)) }), db.ErrNoUser)
	e := event("x")
	e.UserID = u.ID
	wantError(t, "exchange", requireSubject(t, d, e), db.ErrNoUser)
	if found, err := d.UserByEmail(ctx, u.Email); err == nil && found.ID == u.ID {
		t.Error("the user is found by the address")
	}
	_, err = d.UserByID(ctx, u.ID)
	wantError(t, "user", err, db.ErrNotFound)
}

// TestABatchIsBoundedByBytes, also if each row is large.
func TestABatchIsBoundedByBytes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		const size, tasks = 10_000, 150
		d.Exec(t, many+`INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
			SELECT u.id, 'task', CAST(? AS text), u."emailVerified", u."createdAt", u."createdAt" FROM n, "user" u WHERE u.id = ?`, tasks, strings.Repeat("x", size), u.ID)
		if _, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event(store.EventUserDeleted)) }); err != nil {
			t.Fatal(err)
		}
		r, err := d.DeleteRemains(t.Context(), u.ID)
		if want := int64(db.BatchBytes / size); err != nil || r.Rows < want-1 || r.Rows > want {
			t.Errorf("got a batch of %d rows, %v, want %d", r.Rows, err, want)
		}
		if left := deleteRemains(t, d); left != tasks-r.Rows {
			t.Errorf("got %d more rows, want %d", left, tasks-r.Rows)
		}
	})
}

// TestADeletionThatIsKilledGoesOn: the next process deletes the rest.
func TestADeletionThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := rich(t, d, 3000)
		for round := 0; remaining(t, d, u.ID) > 0 && round < 3; round++ {
			task := "delete"
			if round > 0 {
				task = "delete rest"
			}
			p, out := startProcess(t, d.URL, u.ID, task)
			out.Scan() // wait for its first batch
			if err := p.Kill(); err != nil {
				t.Fatal(err)
			}
			for out.Scan() { // read until the process has ended
			}
		}
		if _, err := d.UserByID(t.Context(), u.ID); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("got %v, want no such user", err)
		}
		deleteRemains(t, d)
		if n := remaining(t, d, u.ID); n != 0 {
			t.Errorf("got %d rows left", n)
		}
	})
}

// pile is a kind of rows that expire: how n rows are created that have expired at base, and
// how they are deleted.
type pile struct {
	table, column string
	insert        string
	del           func(context.Context, time.Time) (int64, error)
}

func piles(d *database) map[string]pile {
	const from = ` FROM n, "user" u WHERE u.id = ?`
	hash := `substr('0000000000000000000000000000000000000000000000000000000000000000' || i, -64)`
	if d.Engine() == "postgres" {
		hash = `lpad(i::text, 64, '0')`
	}
	return map[string]pile{
		"sessions": {"session", `"expiresAt"`, `INSERT INTO session (id, token, "userId", "createdAt", "updatedAt", "expiresAt", "cookieAt")
			SELECT 'ses_' || i, ` + hash + `, u.id, u."createdAt", u."createdAt", u."createdAt", u."createdAt"` + from, d.DeleteExpiredSessions},
		"replaced secrets": {"replaced", `"expiresAt"`, `INSERT INTO replaced (token, "expiresAt") SELECT ` + hash + `, u."createdAt"` + from, d.DeleteExpiredSessions},
		"revoked tokens":   {"revoked", `"expiresAt"`, `INSERT INTO revoked (token, "clientId", "expiresAt") SELECT ` + hash + `, u.id, u."createdAt"` + from, d.DeleteExpiredRevocations},
		"counters": {"throttle", `"expiresAt"`, `INSERT INTO throttle (key, count, strikes, "windowEnd", "blockedUntil", "expiresAt")
			SELECT ` + hash + `, 1, 0, u."createdAt", u."createdAt", u."createdAt"` + from, d.DeleteExpiredCounters},
		"links": {"verification", `"expiresAt"`, `INSERT INTO verification (id, identifier, value, "userId", "expiresAt", "createdAt", "updatedAt")
			SELECT 'v' || i, 'x:' || i, 'x', u.id, u."createdAt", u."createdAt", u."createdAt"` + from, d.DeleteExpiredVerifications},
		"former addresses": {`"formerAddress"`, `"heldUntil"`, `INSERT INTO "formerAddress" (email, "userId", "emailVerified", "heldUntil")
			SELECT 'a' || i, u.id, u."emailVerified", u."createdAt"` + from, d.DeleteExpiredVerifications},
	}
}

// TestExpiredRowsAreDeletedInBatches: all of them, and no statement grows with their
// number.
func TestExpiredRowsAreDeletedInBatches(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const n = 2*db.BatchRows + 1
		for name, p := range piles(d) {
			u, _ := signedUp(t, d) // the user's own session has not expired
			d.Exec(t, many+p.insert, n, u.ID)
			before := d.CountRows(t, `SELECT count(*) FROM `+p.table)
			most := largest(d)
			if _, err := p.del(t.Context(), base()); err != nil {
				t.Fatal(err)
			}
			if got := before - d.CountRows(t, `SELECT count(*) FROM `+p.table); got != n {
				t.Errorf("%s: got %d rows deleted, want %d", name, got, n)
			}
			if got := most(); got != db.BatchRows {
				t.Errorf("%s: got up to %d rows in a statement, want %d", name, got, db.BatchRows)
			}
		}
	})
}

// TestExpiredRowsAreFoundByAnIndex: a batch costs the same, whatever the size of the table.
func TestExpiredRowsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		raw, key, explain, step := d.Raw(t), "rowid", `EXPLAIN QUERY PLAN `, 3
		if d.Engine() == "postgres" {
			// In a small table it would scan or sort, unless there is an index and no other way.
			raw.SetMaxOpenConns(1)
			for _, way := range []string{"seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"} {
				raw.MustExec(`SET enable_` + way + ` = off`)
			}
			key, explain, step = "ctid", `EXPLAIN `, 0
		}
		for name, p := range piles(d) {
			plan, err := raw.Queryx(raw.Rebind(explain+db.DeleteOldSQL(p.table, key, p.column)), "2026-01-01T00:00:00.000Z", 500)
			if err != nil {
				t.Fatal(err)
			}
			var steps []string
			for plan.Next() {
				row, err := plan.SliceScan()
				if err != nil {
					t.Fatal(err)
				}
				steps = append(steps, fmt.Sprint(row[step]))
			}
			if bad := regexp.MustCompile(`^SCAN|TEMP|Seq Scan|Sort`); slices.ContainsFunc(steps, bad.MatchString) {
				t.Errorf("%s: got %q, want only searches", name, steps)
			}
		}
	})
}

// TestBatchesEnd when nothing is left, after an error, and with their context.
func TestBatchesEnd(t *testing.T) {
	n := 0
	if err := db.InBatches(t.Context(), func() (bool, error) { n++; return n < 3, nil }); err != nil || n != 3 {
		t.Errorf("got %d batches, %v, want 3", n, err)
	}
	failure := errors.New("x")
	if err := db.InBatches(t.Context(), func() (bool, error) { return true, failure }); err != failure {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	err := db.InBatches(ctx, func() (bool, error) {
		n++
		cancel()
		time.Sleep(time.Millisecond) // so there is a pause after the batch, and the context ends in it
		return n < 1000, nil
	})
	if err != nil || n == 1000 {
		t.Errorf("got %d batches, %v, want an end with the context", n, err)
	}
}
