package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pressly/goose/v3"

	"vestibule/migrations"
)

// Migration is a step of the schema.
type Migration struct {
	Version   int64
	Name      string // of its file; "" if only a later version has it
	AppliedAt time.Time
	Applied   bool

	// CompatibleWith is the oldest version of the schema whose programs can use the
	// database after this migration. 0: only programs that have the migration.
	CompatibleWith int64
}

func pending(m Migration) bool { return !m.Applied }

// MigrateUp applies the pending migrations. Several processes may call it at once: one does
// the work and the others wait. It does nothing when the database has migrations that this
// version does not know, and returns ErrAhead unless they are compatible with it.
func (s *DB) MigrateUp(ctx context.Context) error {
	_, err := s.ApplyPending(ctx)
	return err
}

// ApplyPending is MigrateUp, and returns the names of the migrations that this call has
// applied. If one fails, those before it stay applied.
func (s *DB) ApplyPending(ctx context.Context) (applied []string, err error) {
	err = s.migrate(ctx, "migrate up", func(ctx context.Context, p *goose.Provider, status []Migration) error {
		if err := checkAhead(status); err != nil {
			return err
		}
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
		return s.tryAgain(ctx, func() error {
			done, err := p.Up(ctx)
			if failed, is := errors.AsType[*goose.PartialError](err); is {
				done = failed.Applied
			}
			for _, d := range done { // each attempt goes on where the last one has failed
				i := slices.IndexFunc(status, func(m Migration) bool { return m.Version == d.Source.Version })
				applied = append(applied, status[i].Name)
			}
			return err
		})
	})
	return applied, err
}

// MigrateDown undoes the latest migration and deletes the data in its tables. It returns
// ErrNotFound when there is none, and ErrAhead when only a later version has the latest one.
func (s *DB) MigrateDown(ctx context.Context) error {
	_, err := s.UndoLatest(ctx)
	return err
}

// UndoLatest is MigrateDown, and returns the name of the migration that it has undone.
func (s *DB) UndoLatest(ctx context.Context) (undone string, err error) {
	err = s.migrate(ctx, "migrate down", func(ctx context.Context, p *goose.Provider, status []Migration) error {
		status = slices.DeleteFunc(status, pending)
		if len(status) == 0 {
			return fmt.Errorf("no applied migration: %w", ErrNotFound)
		}
		last := status[len(status)-1]
		if !last.Known() {
			return fmt.Errorf("%w, and cannot undo: version %d", ErrAhead, last.Version)
		}
		if err := s.checkNames(ctx, status); err != nil {
			return err
		}
		if err := s.takeOver(ctx); err != nil {
			return err
		}
		err := s.tryAgain(ctx, func() error { _, err := p.Down(ctx); return err })
		if err == nil {
			undone = last.Name
		}
		return err
	})
	return undone, err
}

// migrate runs f while no other process migrates.
//
// goose can take a lock itself, but only after it has created its table of versions. Two
// processes on a new database collide there, and retry after a second. So the lock is taken
// before goose does anything.
func (s *DB) migrate(ctx context.Context, what string, f func(context.Context, *goose.Provider, []Migration) error) error {
	held, release, err := s.lockMigrations(ctx)
	if err != nil {
		return translate(ctx, what, fmt.Errorf("wait for other migrations: %w", err))
	}
	defer release()
	status, err := s.MigrationStatus(held)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	db, done, err := s.engine.migrationPool(held)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer done()
	if s.engine.shared {
		defer s.waits.watch(held, s.Read())()
	}
	p, err := s.provider(db)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err = explainReadOnly(asFile(f(held, p, status)))
	if cause := context.Cause(held); err != nil && cause != nil && ctx.Err() == nil {
		err = cause
	}
	return translate(ctx, what, err)
}

// CheckMigrated returns nil when this version can use the schema: it is the one of this
// version, or a later version has made it compatible. It returns ErrBehind when migrations
// are pending, and otherwise ErrAhead. It changes nothing.
func (s *DB) CheckMigrated(ctx context.Context) error {
	status, err := s.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	if err := checkAhead(status); err != nil {
		return err
	}
	if i := slices.IndexFunc(status, pending); i >= 0 {
		return fmt.Errorf("%w: the next is %s", ErrBehind, status[i].Name)
	}
	return nil
}

// MigrationStatus returns the migrations of this version in order, and whether they are
// applied. After them come those that are applied but only known to a later version. It
// changes nothing.
func (s *DB) MigrationStatus(ctx context.Context) (status []Migration, err error) {
	err = s.Call(ctx, "migration status", func(ctx context.Context) error {
		status = nil
		applied, err := s.appliedMigrations(ctx)
		if err != nil {
			return err
		}
		steps, err := s.steps()
		if err != nil {
			return err
		}
		_, recorded := applied[migrations.RecordedSince]
		for _, m := range steps {
			at, ok := applied[m.version]
			oldest, err := migrations.CompatibleWith(s.engine.migrations, m.file)
			if err != nil {
				return err
			}
			status = append(status, Migration{Version: m.version, Name: m.file, Applied: ok, AppliedAt: at, CompatibleWith: oldest})
			delete(applied, m.version)
		}
		unknown, err := s.unknown(ctx, applied, recorded)
		status = append(status, unknown...)
		return err
	})
	return status, err
}
