package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"vestibule/internal/daemon"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

func migrateUp(ctx context.Context, p *program, c *settings.Settings) error {
	return migrate(ctx, p, c, func(db *store.Store) error {
		applied, err := db.ApplyPending(ctx)
		for _, name := range applied {
			fmt.Fprintln(p.stdout, "applied", name)
		}
		if err == nil && len(applied) == 0 {
			err = sayNothingToDo(ctx, p.stdout, db)
		}
		return err
	})
}

func migrateDown(ctx context.Context, p *program, c *settings.Settings) error {
	return migrate(ctx, p, c, func(db *store.Store) error {
		undone, err := db.UndoLatest(ctx)
		if err == nil {
			fmt.Fprintln(p.stdout, "undone", undone)
		}
		return err
	})
}

func migrateStatus(ctx context.Context, p *program, c *settings.Settings) error {
	return migrate(ctx, p, c, func(db *store.Store) error {
		status, err := db.MigrationStatus(ctx)
		if err != nil {
			return err
		}
		printStatus(p.stdout, status)
		if daemon.LaterVersion(status) == 0 {
			return nil
		}
		return db.CheckMigrated(ctx)
	})
}

func sayNothingToDo(ctx context.Context, w io.Writer, db *store.Store) error {
	status, err := db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	if later := daemon.LaterVersion(status); later > 0 {
		fmt.Fprintf(w, "nothing to do: a later version of vestibule has migrated the database to version %d, and this version can use it\n", later)
		return nil
	}
	fmt.Fprintln(w, "nothing to do: all migrations are applied")
	return nil
}

// migrate runs f on the database.
func migrate(ctx context.Context, p *program, c *settings.Settings, f func(*store.Store) error) error {
	st, err := p.openStore(ctx, c)
	if err != nil {
		return c.Database.Failure(err)
	}
	st.OnLockWait(p.sayWait)
	err = f(st)
	switch closeErr := st.Close(); {
	case errors.Is(err, store.ErrNotFound):
		return errors.New("no migration is applied, so none can be undone")
	case err != nil:
		return c.Database.Failure(err)
	default:
		return closeErr
	}
}

func printStatus(w io.Writer, status []db.Migration) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MIGRATION\tAPPLIED\tUSABLE FROM")
	pending := 0
	for _, m := range status {
		name, applied := m.Name, "pending"
		if !m.Known() {
			name = fmt.Sprintf("%05d, of a later version", m.Version)
		}
		if m.Applied {
			applied = m.AppliedAt.UTC().Format("2006-01-02 15:04:05 MST")
		} else {
			pending++
		}
		fmt.Fprintf(table, "%s\t%s\t%d\n", name, applied, cmp.Or(m.CompatibleWith, m.Version))
	}
	_ = table.Flush() // resultWriter remembers the error
	fmt.Fprintf(w, "\nThis program has schema version %d. A migration can be used by programs from the version under USABLE FROM on.\n", db.SchemaVersion(status))
	if pending > 0 {
		fmt.Fprintf(w, "%d pending; to apply them: vestibule migrate up\n", pending)
	}
}
