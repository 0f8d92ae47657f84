package db

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// engine holds the differences between SQLite and PostgreSQL, besides the driver.
type engine struct {
	name       string
	shared     bool
	goose      goose.Dialect
	migrations fs.FS

	pingSQL string // reads one number from the database, not from memory

	versionTableSQL string                   // creates the table of versions; each version is unique in it
	hasTableSQL     string                   // whether there is a table of the name
	versionsSQL     string                   // version and time of every applied migration; a table follows
	columnsSQL      string                   // table and name of every column
	namesSQL        string                   // all names that a new table, index or function must not have, and the table of an index
	foldName        func(name string) string // maps names that the engine considers equal to the same text

	// lockInstancesSQL is a statement after which no other process joins before the
	// transaction ends. SQLite has one writer at a time and does not need it.
	lockInstancesSQL string

	dialect Dialect

	// lock waits until no other process migrates this database. release frees the lock, and
	// so does the end of the process. held ends when the lock is lost.
	lock func(ctx context.Context) (held context.Context, release func(), err error)

	// migrationPool opens the pool for migrations, which may take long.
	migrationPool func(context.Context) (db *sql.DB, done func(), err error)
}

// Dialect holds the differences between the engines in the SQL of the packages that use
// this one.
type Dialect struct {
	// OneStatement: statements that change rows can be parts of one statement (WITH), which
	// DB.Single sends alone. On SQLite they are made one by one, and nothing travels.
	OneStatement bool

	// SplitPlaces: a comparison of rows that ends with the id of a task does not use an index
	// up to its end.
	SplitPlaces bool

	// WaitBrieflySQL and WaitAgainSQL bound how long the statements between them wait for
	// a row of another transaction. SQLite does not need them: its only writer waits
	// before it begins.
	WaitBrieflySQL, WaitAgainSQL string

	// HoldSQL is appended to a SELECT whose rows nobody may change or delete before the
	// transaction ends. SQLite has one writer at a time and does not need it.
	HoldSQL string

	// LockKeysSQL is a statement after which nobody else changes the table of signing keys
	// before the transaction ends. SQLite has one writer at a time and does not need it.
	LockKeysSQL string

	// ShareSQL and AloneSQL are appended to a FROM clause in which u is one row with a
	// user's id. They lock the user until the end of the transaction: ShareSQL for any
	// number of transactions, AloneSQL for one alone. All wait in one queue per user.
	// Without it, PostgreSQL would let new writers of a locked row overtake the deletion
	// of the user again and again. SQLite's writers wait in a queue anyway.
	ShareSQL, AloneSQL string

	// EstimateSQL returns a query for about how many rows a table has, which reads none of them.
	// It is nil on SQLite.
	EstimateSQL func(table string) string

	// FindSQL is the condition that a column contains a text. It compares bytes, so that the
	// time does not depend on the text.
	FindSQL func(column string) string
}

// Dialect returns the dialect of the database.
func (s *DB) Dialect() Dialect { return s.engine.dialect }
