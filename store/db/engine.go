package db

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// engine is what differs between SQLite and PostgreSQL beyond the driver.
type engine struct {
	name       string
	shared     bool
	goose      goose.Dialect
	migrations fs.FS

	pingSQL string // one number, read from the database and not from memory

	versionTableSQL string                   // makes the table of versions; each can be in it once
	hasTableSQL     string                   // whether there is a table of the name
	versionsSQL     string                   // version and time of every applied migration; a table follows
	columnsSQL      string                   // table and name of every column
	namesSQL        string                   // everything that a new table, index or function must not be named
	foldName        func(name string) string // names that are the same become so

	dialect Dialect

	// lock waits until no other process migrates this database. release frees
	// it, and so does the end of the process. held ends when the lock is lost.
	lock func(ctx context.Context) (held context.Context, release func(), err error)

	// migrationPool is where migrations run, which may take their time.
	migrationPool func() (db *sql.DB, done func())
}

// Dialect is what the statements of those who stand on this package differ in.
type Dialect struct {
	// WaitBrieflySQL and WaitAgainSQL bound how long the statements between them
	// wait for another transaction's row. SQLite has one writer at a time, which
	// waits before it begins.
	WaitBrieflySQL, WaitAgainSQL string

	// HoldSQL stands behind a SELECT of rows that nobody may change or delete before the
	// transaction ends. SQLite has one writer at a time.
	HoldSQL string

	// ShareSQL and AloneSQL stand behind the FROM of a statement that has one row of u
	// there, which is a user's id. They wait in one queue for each user until the end of
	// the transaction: many may share the user, one may have it alone. Without them
	// PostgreSQL would let new writers of a locked row pass the deletion of the user that
	// waits for it, again and again. SQLite's writers queue up anyway.
	ShareSQL, AloneSQL string

	// FindSQL is the condition that a column holds a text, found by its bytes: the
	// time that takes must not depend on the text.
	FindSQL func(column string) string
}

// Dialect returns that of the database.
func (s *DB) Dialect() Dialect { return s.engine.dialect }
