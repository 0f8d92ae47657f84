// Package storetest opens real, migrated databases for tests of the store and of packages
// that use it.
package storetest

import (
	"errors"
	"path/filepath"
	"testing"

	"vestibule/store"
)

// Each runs a test on every engine, with an empty database each.
func Each(t *testing.T, test func(t *testing.T, db *store.Store)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite opens a new database in a temporary folder.
func SQLite(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, SQLiteURL(tb))
}

// SQLiteURL makes a migrated SQLite database.
func SQLiteURL(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "vestibule.db")
	Fill(tb, path)
	return "sqlite:" + path
}

// Postgres opens a new database on the test process's own server.
func Postgres(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, PostgresURL(tb))
}

func open(tb testing.TB, url string) *store.Store {
	tb.Helper()
	db, err := store.Open(tb.Context(), url)
	// On a busy machine the five seconds of the store may be too short.
	for tries := 1; errors.Is(err, store.ErrUnavailable) && tries < 6; tries++ {
		db, err = store.Open(tb.Context(), url)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}
