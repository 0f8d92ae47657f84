package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pressly/goose/v3"

	"vestibule/migrations"
)

// provider returns goose's access to the database. To goose the files are Go migrations,
// because its own reader of files is expensive: see migrations.Read.
//
// Only a file with NO TRANSACTION is goose's to read. A Go migration without a transaction
// would take a second connection beside the one that goose holds, and SQLite has one.
func (s *DB) provider(db *sql.DB) (*goose.Provider, error) {
	versions, err := s.newVersionStore()
	if err != nil {
		return nil, err
	}
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	var ours []*goose.Migration
	var read []int64
	for _, m := range steps {
		f, err := migrations.Read(s.engine.migrations, m.file)
		if err != nil {
			return nil, err
		}
		if !f.NoTransaction {
			ours = append(ours, goose.NewGoMigration(m.version, statements(f.Up), statements(f.Down)))
			read = append(read, m.version)
		}
	}
	return goose.NewProvider(goose.DialectCustom, db, s.engine.migrations, goose.WithDisableGlobalRegistry(true), goose.WithStore(versions),
		goose.WithGoMigrations(ours...), goose.WithExcludeVersions(read))
}

// statements returns the function that runs them in the transaction of a migration.
func statements(all []string) *goose.GoFunc {
	return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range all {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}}
}

// asFile makes the message of a failed migration call it what it is, an SQL file.
func asFile(err error) error {
	if failed, is := errors.AsType[*goose.PartialError](err); is {
		failed.Failed.Source.Type = goose.TypeSQL
	}
	return err
}
