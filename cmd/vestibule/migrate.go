package main

import (
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
	return migrate(ctx, c, func(db *store.Store) error {
		applied, err := daemon.MigrateToLatest(ctx, db)
		for _, m := range applied {
			fmt.Fprintln(p.stdout, "applied", m.Name)
		}
		if err == nil && len(applied) == 0 {
			fmt.Fprintln(p.stdout, "nothing to do: all migrations are applied")
		}
		return err
	})
}

func migrateDown(ctx context.Context, p *program, c *settings.Settings) error {
	return migrate(ctx, c, func(db *store.Store) error {
		before, err := db.MigrationStatus(ctx)
		if err != nil {
			return err
		}
		if err := db.MigrateDown(ctx); err != nil {
			return err
		}
		after, err := db.MigrationStatus(ctx)
		for _, m := range daemon.Changed(before, after) {
			fmt.Fprintln(p.stdout, "undone", m.Name)
		}
		return err
	})
}

func migrateStatus(ctx context.Context, p *program, c *settings.Settings) error {
	return migrate(ctx, c, func(db *store.Store) error {
		status, err := db.MigrationStatus(ctx)
		if err != nil {
			return err
		}
		return printStatus(p.stdout, status)
	})
}

// migrate runs f on the database.
func migrate(ctx context.Context, c *settings.Settings, f func(*store.Store) error) error {
	db, err := store.Open(ctx, c.Database.URL)
	if err != nil {
		return c.Database.Failure(err)
	}
	err = f(db)
	switch closeErr := db.Close(); {
	case errors.Is(err, store.ErrNotFound):
		return errors.New("no migration is applied, so none can be undone")
	case err != nil:
		return c.Database.Failure(err)
	default:
		return closeErr
	}
}

func printStatus(w io.Writer, status []db.Migration) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MIGRATION\tAPPLIED")
	pending := 0
	for _, m := range status {
		applied := "pending"
		if m.Applied {
			applied = m.AppliedAt.UTC().Format("2006-01-02 15:04:05 MST")
		} else {
			pending++
		}
		fmt.Fprintf(table, "%s\t%s\n", m.Name, applied)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if pending > 0 {
		fmt.Fprintf(w, "\n%d pending; to apply them: vestibule migrate up\n", pending)
	}
	return nil
}
