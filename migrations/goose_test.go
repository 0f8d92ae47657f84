package migrations_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"

	"vestibule/migrations"
)

// readByGoose returns what goose reads in a file, by what it sends to a database. goose's
// reader is not public.
func readByGoose(t *testing.T, fsys fs.FS) (f migrations.File) {
	t.Helper()
	record := &recorder{}
	db := sql.OpenDB(record)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, fsys, goose.WithDisableGlobalRegistry(true), goose.WithDisableVersioning(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatalf("goose: %v", err)
	}
	f.Up, record.statements = record.statements, nil
	if _, err := p.Down(t.Context()); err != nil {
		t.Fatalf("goose: %v", err)
	}
	f.Down, f.NoTransaction = record.statements, !record.begun
	return f
}

// recorder is a database that does nothing and notes its statements.
type recorder struct {
	statements []string
	begun      bool // whether there was a transaction
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return nil }
func (r *recorder) Prepare(string) (driver.Stmt, error)          { return nil, driver.ErrSkip }
func (r *recorder) Close() error                                 { return nil }
func (r *recorder) Begin() (driver.Tx, error)                    { r.begun = true; return r, nil }
func (r *recorder) Commit() error                                { return nil }
func (r *recorder) Rollback() error                              { return nil }
func (r *recorder) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	r.statements = append(r.statements, query)
	return driver.RowsAffected(0), nil
}
