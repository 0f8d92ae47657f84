package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"vestibule/store"
)

// openStore opens the database for serving: with the schema that this version
// needs, which it may have to bring it to.
func openStore(ctx context.Context, c *config, log *slog.Logger) (*store.Store, error) {
	db, err := store.Open(ctx, c.database.url)
	if err != nil {
		return nil, databaseFailure(c.database, err)
	}
	bring := checkSchema
	if c.migrate {
		bring = applyPending
	}
	if err := bring(ctx, db, log); err != nil {
		return nil, databaseFailure(c.database, errors.Join(err, db.Close()))
	}
	return db, nil
}

func checkSchema(ctx context.Context, db *store.Store, _ *slog.Logger) error {
	return db.CheckMigrated(ctx)
}

func applyPending(ctx context.Context, db *store.Store, log *slog.Logger) error {
	if err := db.CheckMigrated(ctx); !errors.Is(err, store.ErrBehind) {
		return err
	}
	log.Info("applying pending migrations", "setting", "MIGRATE")
	applied, err := migrateToLatest(ctx, db)
	for _, m := range applied {
		log.Info("migration applied", "migration", m.Name)
	}
	return err
}

// databaseFailure names the setting and the cure for what the store could not do.
func databaseFailure(d database, err error) error {
	f := failure{fault: fault{setting: "DATABASE_URL"}, cause: err}
	switch {
	case errors.Is(err, store.ErrBehind):
		f.problem = "names a database that is behind this version"
		f.cure = "run: vestibule migrate up"
	case errors.Is(err, store.ErrAhead):
		f.problem = "names a database that a later version has migrated"
		f.cure = "run that version, or vestibule migrate down with it first"
	case d.sqlite != "":
		f.problem = "names a database that cannot be used"
		f.cure = "make the folder " + filepath.Dir(d.sqlite) + " and what is in it writable for this user, or set DATABASE_URL to another file"
	case errors.Is(err, store.ErrUnavailable):
		f.problem = "names a database that does not answer"
		f.cure = "start it, or correct the host and port"
	default:
		f.problem = "names a database that cannot be used"
		f.cure = "check the user, the password, the database's name and the options in it"
	}
	return f
}
