package store

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
)

// Migration is a step of the schema.
type Migration struct {
	Version   int64
	Name      string // of its file
	AppliedAt time.Time
	Applied   bool
}

// MigrateUp applies the pending migrations. Any number of processes may call it
// at the same moment; one does the work and the others wait for it. It returns
// ErrAhead, and does nothing, when the database has been migrated further.
func (s *Store) MigrateUp(ctx context.Context) error {
	return s.migrate(ctx, "migrate up", func(p *goose.Provider, _ []Migration) error {
		_, err := p.Up(ctx)
		return err
	})
}

// MigrateDown undoes the latest migration, and with it deletes the data in its
// tables. It returns ErrNotFound when there is none.
func (s *Store) MigrateDown(ctx context.Context) error {
	return s.migrate(ctx, "migrate down", func(p *goose.Provider, status []Migration) error {
		if !slices.ContainsFunc(status, func(m Migration) bool { return m.Applied }) {
			return fmt.Errorf("no applied migration: %w", ErrNotFound)
		}
		_, err := p.Down(ctx)
		return err
	})
}

// migrate runs f while no other process migrates.
//
// goose can take a lock by itself, but only after it has made its table of
// versions, and there two processes on a new database collide and wait a second
// to try again. So the lock is around all that goose does.
func (s *Store) migrate(ctx context.Context, what string, f func(*goose.Provider, []Migration) error) error {
	release, err := s.engine.lock(ctx)
	if err != nil {
		return translate(ctx, what, fmt.Errorf("wait for other migrations: %w", err))
	}
	defer release()
	status, err := s.MigrationStatus(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	db, done := s.engine.migrationPool()
	defer done()
	p, err := goose.NewProvider(s.engine.dialect, db, s.engine.migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return translate(ctx, what, f(p, status))
}

// CheckMigrated returns nil when the schema is the one that this version needs,
// ErrBehind when migrations are pending, and ErrAhead when the database has some
// that this version does not know. It changes nothing.
func (s *Store) CheckMigrated(ctx context.Context) error {
	status, err := s.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	for _, m := range status {
		if !m.Applied {
			return fmt.Errorf("%w: the next is %s", ErrBehind, m.Name)
		}
	}
	return nil
}

// MigrationStatus returns the migrations of this version, in order, and whether
// the database has them. It changes nothing. It returns ErrAhead when the
// database has others too.
func (s *Store) MigrationStatus(ctx context.Context) ([]Migration, error) {
	var status []Migration
	err := s.call(ctx, "migration status", func(ctx context.Context) error {
		applied, err := s.appliedMigrations(ctx)
		if err != nil {
			return err
		}
		files, err := fs.Glob(s.engine.migrations, "*.sql")
		if err != nil {
			return err
		}
		for _, file := range files { // sorted, as their versions are
			version, err := goose.NumericComponent(file)
			if err != nil {
				return err
			}
			at, ok := applied[version]
			status = append(status, Migration{Version: version, Name: file, Applied: ok, AppliedAt: at})
			delete(applied, version)
		}
		for version := range applied {
			return fmt.Errorf("%w: version %d", ErrAhead, version)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return status, nil
}

// appliedMigrations reads goose's table. goose's own way of asking would create it.
func (s *Store) appliedMigrations(ctx context.Context) (map[int64]time.Time, error) {
	applied := map[int64]time.Time{}
	var exists bool
	if err := (querier{s.read}).one(ctx, []any{&exists}, s.engine.isMigratedSQL); err != nil || !exists {
		return applied, err
	}
	var version int64
	var at time.Time
	// Not each: a migration that is left out would be applied again.
	err := querier{s.read}.every(ctx, []any{&version, instant{&at}}, func(bool) { applied[version] = at }, s.engine.versionsSQL)
	delete(applied, 0) // goose's mark of an empty database
	return applied, err
}
