// Package storetest opens real, migrated databases for the tests of whatever
// stands on the store.
package storetest

import (
	"path/filepath"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/store"
)

// Each runs a test on every engine, each time on an empty database.
func Each(t *testing.T, test func(t *testing.T, db *store.Store)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite opens a new database in a temporary folder.
func SQLite(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, "sqlite:"+filepath.Join(tb.TempDir(), "vestibule.db"))
}

// Postgres opens a new database on the test process's own server.
func Postgres(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, pgtest.Database(tb))
}

func open(tb testing.TB, url string) *store.Store {
	tb.Helper()
	db, err := store.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if err := db.MigrateUp(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return db
}
