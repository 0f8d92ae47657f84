package storetest

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
)

// Raw opens the database without the store, on connections of its own.
func (d *Database) Raw(t *testing.T) *sqlx.DB {
	t.Helper()
	return OpenRaw(t, d.Direct)
}

// OpenRaw opens the database of a DATABASE_URL without the store, until the end of the test or
// an earlier Close. Statements wait until other users of a SQLite file have released its
// locks.
func OpenRaw(tb testing.TB, url string) *sqlx.DB {
	tb.Helper()
	db, err := openRaw(url)
	if err != nil {
		tb.Fatalf("open raw: %v", err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func openRaw(direct string) (*sqlx.DB, error) {
	if path, ok := strings.CutPrefix(direct, "sqlite:"); ok {
		// Whoever waits for a lock asks for it again and again and can lose each time. So a
		// busy machine needs far more time than the locks are held.
		db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=60000&_foreign_keys=1")
		return sqlx.NewDb(db, "sqlite3"), err // for Rebind
	}
	return sqlx.Open("postgres", direct)
}

// Exec runs a statement on the raw database. It must not depend on the session, nor change
// it: the next statement may use the same one.
func (d *Database) Exec(t *testing.T, query string, args ...any) {
	t.Helper()
	db := d.statements(t)
	if _, err := db.Exec(db.Rebind(query), args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// CountRows returns the number that a statement on the raw database selects.
func (d *Database) CountRows(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	db := d.statements(t)
	if err := db.QueryRow(db.Rebind(query), args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// statements is the pool of single statements. A SQLite file is opened for each of them:
// tests remove, replace and lock such files. A connection to PostgreSQL is kept, because a
// new one costs the server 5 ms of processor time.
func (d *Database) statements(t *testing.T) *sqlx.DB {
	t.Helper()
	if d.kept == nil || strings.HasPrefix(d.Direct, "sqlite:") {
		return d.Raw(t)
	}
	db, err := d.kept.open(d.Direct)
	if err != nil {
		t.Fatalf("open raw: %v", err)
	}
	if db == nil { // in a cleanup after the end of the database
		return d.Raw(t)
	}
	return db
}

// keptPool keeps a connection to PostgreSQL from one statement to the next.
type keptPool struct {
	mu     sync.Mutex
	db     *sqlx.DB
	closed bool
}

// open returns the pool, or nil if it was closed.
func (k *keptPool) open(direct string) (*sqlx.DB, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, nil
	}
	if k.db == nil {
		db, err := openRaw(direct)
		if err != nil {
			return nil, err
		}
		db.SetMaxIdleConns(1) // for tests that count the connections of a server
		k.db = db
	}
	// The test may have ended the kept connection, or stopped the server since. lib/pq notices
	// only when it is used: the ping then opens another. The statement finds the same errors.
	_ = k.db.PingContext(context.Background())
	return k.db, nil
}

func (k *keptPool) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.db != nil {
		_ = k.db.Close()
	}
}
