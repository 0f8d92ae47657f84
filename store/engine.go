package store

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
	dialect    goose.Dialect
	migrations fs.FS

	pingSQL string // one number, read from the database and not from memory

	versionTableSQL string                   // makes the table of versions; each can be in it once
	hasTableSQL     string                   // whether there is a table of the name
	versionsSQL     string                   // version and time of every applied migration; a table follows
	columnsSQL      string                   // table and name of every column
	namesSQL        string                   // everything that a new table, index or function must not be named
	foldName        func(name string) string // names that are the same become so

	// waitBrieflySQL and waitAgainSQL bound how long the statements between them
	// wait for another transaction's row. SQLite has one writer at a time, which
	// waits before it begins.
	waitBrieflySQL, waitAgainSQL string

	// holdSQL stands behind a SELECT of rows that nobody may change or delete before the
	// transaction ends. SQLite has one writer at a time.
	holdSQL string

	// findSQL is the condition that a column holds a text, found by its bytes: the
	// time that takes must not depend on the text.
	findSQL func(column string) string

	// lock waits until no other process migrates this database. release frees
	// it, and so does the end of the process. held ends when the lock is lost.
	lock func(ctx context.Context) (held context.Context, release func(), err error)

	// migrationPool is where migrations run, which may take their time.
	migrationPool func() (db *sql.DB, done func())
}
