// Package migrations holds the schema of the database as embedded goose
// migrations, once for SQLite and once for PostgreSQL.
//
// A migration has the same name for both. After its release it is never edited: databases
// that have applied it would not get the change. testdata/checksums enforces this.
//
// The tables and columns of accounts are Better Auth's, so that its data can be moved here.
// The names are camelCase, so they are always quoted. The columns "rememberMe" and
// "cookieAt" of session are ours. session.token holds the SHA-256 of the token instead of
// the token.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite returns the migrations for SQLite.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres returns the migrations for PostgreSQL.
func Postgres() fs.FS { return sub("postgres") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // only for an invalid path, and both are constants
	}
	return f
}
