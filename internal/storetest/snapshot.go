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
	return latest.Changed(name, change)
}

// Changed returns the snapshot of a copy that is then changed. The name is used by no other
// snapshot.
func (s *Snapshot) Changed(name string, change func(*Database) error) *Snapshot {
	return newSnapshot(name, s, change)
}

// newSnapshot starts with a copy of from, or with an empty database if it is nil.
func newSnapshot(name string, from *Snapshot, change func(*Database) error) *Snapshot {
	fill := func(url string) error {
		s, err := store.Open(context.Background(), url)
		if err != nil {
			return err
		}
		err = change(On(s))
		return errors.Join(err, s.Close()) // the SQLite file then contains everything from its log
	}
	template := &pgtest.Template{Name: name, Fill: fill}
	if from != nil {
		template.From = from.template
	}
	return &Snapshot{
		template: template,
		file: sync.OnceValues(func() ([]byte, error) {
			folder, err := os.MkdirTemp("", "storetest-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(folder)
			path := filepath.Join(folder, "vestibule.db")
			if from != nil {
				if err := from.write(path); err != nil {
					return nil, err
				}
			}
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
	if err := s.write(path); err != nil {
		tb.Fatal(err)
	}
}

func (s *Snapshot) write(path string) error {
	content, err := s.file()
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// PostgresURL makes a copy on the test process's own server.
func (s *Snapshot) PostgresURL(tb testing.TB) string {
	tb.Helper()
	return s.template.Copy(tb)
}

var latest = newSnapshot("migrated", nil, func(d *Database) error { return d.MigrateUp(context.Background()) })

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
