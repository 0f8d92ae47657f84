package db

import (
	"context"
	"fmt"
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

func pending(m Migration) bool { return !m.Applied }

// MigrateUp applies the pending migrations. Several processes may call it at once: one does
// the work and the others wait. It returns ErrAhead and does nothing when the database has
// migrations that this version does not know.
func (s *DB) MigrateUp(ctx context.Context) error {
	return s.migrate(ctx, "migrate up", func(ctx context.Context, p *goose.Provider, status []Migration) error {
		own, err := s.hasTable(ctx, versionTable)
		if err != nil || own && !slices.ContainsFunc(status, pending) {
			return err
		}
		if err := s.checkNames(ctx, status); err != nil {
			return err
		}
		if err := s.takeOver(ctx); err != nil {
			return err
		}
		return untilNoDeadlock(ctx, func() error { _, err := p.Up(ctx); return err })
	})
}

// untilNoDeadlock repeats a migration that the server has rolled back because of a deadlock
// with requests. During an update, instances of the version before keep serving, and lock
// some tables in another order.
func untilNoDeadlock(ctx context.Context, migrate func() error) error {
	const most = 20
	for n := 1; ; n++ {
		err := migrate()
		if n == most || !restartable(err) || pause(ctx) != nil {
			return err
		}
	}
}

// MigrateDown undoes the latest migration and deletes the data in its tables. It returns
// ErrNotFound when there is none.
func (s *DB) MigrateDown(ctx context.Context) error {
	return s.migrate(ctx, "migrate down", func(ctx context.Context, p *goose.Provider, status []Migration) error {
		status = slices.DeleteFunc(status, pending)
		if len(status) == 0 {
			return fmt.Errorf("no applied migration: %w", ErrNotFound)
		}
		if err := s.checkNames(ctx, status); err != nil {
			return err
		}
		if err := s.takeOver(ctx); err != nil {
			return err
		}
		return untilNoDeadlock(ctx, func() error { _, err := p.Down(ctx); return err })
	})
}

// migrate runs f while no other process migrates.
//
// goose can take a lock itself, but only after it has created its table of versions. Two
// processes on a new database collide there, and retry after a second. So the lock is taken
// before goose does anything.
func (s *DB) migrate(ctx context.Context, what string, f func(context.Context, *goose.Provider, []Migration) error) error {
	held, release, err := s.engine.lock(ctx)
	if err != nil {
		return translate(ctx, what, fmt.Errorf("wait for other migrations: %w", err))
	}
	defer release()
	status, err := s.MigrationStatus(held)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	db, done := s.engine.migrationPool()
	defer done()
	p, err := goose.NewProvider(s.engine.goose, db, s.engine.migrations,
		goose.WithDisableGlobalRegistry(true), goose.WithTableName(versionTable))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err = f(held, p, status)
	if cause := context.Cause(held); err != nil && cause != nil && ctx.Err() == nil {
		err = cause
	}
	return translate(ctx, what, err)
}

// CheckMigrated returns nil when the schema is the one of this version, ErrBehind when
// migrations are pending, and ErrAhead when the database has migrations that this version
// does not know. It changes nothing.
func (s *DB) CheckMigrated(ctx context.Context) error {
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

// MigrationStatus returns the migrations of this version in order, and whether they are
// applied. It changes nothing. It returns ErrAhead when the database has others too.
func (s *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	var status []Migration
	err := s.Call(ctx, "migration status", func(ctx context.Context) error {
		applied, err := s.appliedMigrations(ctx)
		if err != nil {
			return err
		}
		steps, err := s.steps()
		if err != nil {
			return err
		}
		for _, m := range steps {
			at, ok := applied[m.version]
			status = append(status, Migration{Version: m.version, Name: m.file, Applied: ok, AppliedAt: at})
			delete(applied, m.version)
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
