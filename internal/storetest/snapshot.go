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

// Snapshot is a database that is made once per test process and engine, and then copied.
// With the race detector a migration of an empty database takes more than half a second.
type Snapshot struct {
	file     func() ([]byte, error)
	template *pgtest.Template
}

// NewSnapshot returns the snapshot of a database that is migrated and then changed. The
// name is used by no other snapshot.
func NewSnapshot(name string, change func(*Database) error) *Snapshot {
	fill := func(url string) error {
		s, err := store.Open(context.Background(), url)
		if err != nil {
			return err
		}
		d := On(s)
		err = d.MigrateUp(context.Background())
		if err == nil {
			err = change(d)
		}
		return errors.Join(err, s.Close()) // the SQLite file then contains everything from its log
	}
	return &Snapshot{
		template: &pgtest.Template{Name: name, Fill: fill},
		file: sync.OnceValues(func() ([]byte, error) {
			folder, err := os.MkdirTemp("", "storetest-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(folder)
			path := filepath.Join(folder, "vestibule.db")
			if err := fill("sqlite:" + path); err != nil {
				return nil, err
			}
			return os.ReadFile(path)
		}),
	}
}

// Fill makes a copy as a SQLite file at path.
func (s *Snapshot) Fill(tb testing.TB, path string) {
	tb.Helper()
	content, err := s.file()
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// PostgresURL makes a copy on the test process's own server.
func (s *Snapshot) PostgresURL(tb testing.TB) string {
	tb.Helper()
	return s.template.Copy(tb)
}

var latest = NewSnapshot("migrated", func(*Database) error { return nil })

// Fill makes a migrated SQLite database at path.
func Fill(tb testing.TB, path string) {
	tb.Helper()
	latest.Fill(tb, path)
}

// PostgresURL makes a migrated database on the test process's own server.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	return latest.PostgresURL(tb)
}
