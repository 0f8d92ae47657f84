// Package storetest opens real, migrated databases for tests of the store and of packages
// that use it.
package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"vestibule/internal/pgtest"
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

// Fill makes a migrated SQLite database at path. It copies a database that is migrated once
// per test process: with the race detector a migration takes more than half a second.
func Fill(tb testing.TB, path string) {
	tb.Helper()
	content, err := file()
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// PostgresURL makes a migrated database on the test process's own server. It copies a
// database that is migrated once.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	return template.Copy(tb)
}

var template = &pgtest.Template{Name: "migrated", Fill: migrate}

var file = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "storetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "vestibule.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// migrate closes the database afterwards, so that the SQLite file contains everything from
// its log.
func migrate(url string) error {
	db, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return errors.Join(db.MigrateUp(context.Background()), db.Close())
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
