package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vestibule/migrations"
)

// sqliteReaders is the number of connections for reading.
const sqliteReaders = 8

func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	given, err := databasePath(path)
	if err != nil {
		return nil, err
	}
	if path, err = followLinks(given); err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the database, %s: %w", folder, err)
	}
	// One process at a time creates the file and turns on its write-ahead log (WAL). Two at
	// once can get SQLITE_BUSY, whatever the timeout. A migration holds the lock too.
	var release func()
	whileReporting(ctx, o.OnLockWait, nobodyKnown, func() { release, err = lockFile(ctx, path+".lock") })
	if err != nil {
		return nil, fmt.Errorf("lock of the database: %w", err)
	}
	defer release()
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("file of the database: %w", err)
	}
	file, err := openFile(given, path)
	if err != nil {
		return nil, fmt.Errorf("file of the database: %w", err)
	}
	s, err := connectSQLite(file, o.patience)
	if err != nil {
		return nil, errors.Join(err, file.close())
	}
	s.sessionsLock = path + ".sessions.lock"
	if err = s.checkOurs(ctx); err == nil {
		err = s.startWAL(ctx)
	}
	if err == nil {
		err = hideFiles(path) // only after checkOurs
	}
	if err == nil {
		err = s.openWatch(ctx)
	}
	if err == nil {
		err = file.settle()
	}
	if err == nil {
		s.startCheckpoints(path)
	}
	if err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	return s, nil
}

func connectSQLite(file *file, patience time.Duration) (*DB, error) {
	busy := patience * 4 / 5 // report SQLITE_BUSY before the call times out
	write, err := sqlitePool(file, 1, busy, url.Values{
		"_txlock":       {"immediate"}, // a transaction that starts with a read may fail to become a writer
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"}, // in WAL mode, NORMAL loses the last commits in a power failure
		"_pragma":       {fmt.Sprintf("journal_size_limit(%d)", walLimit)},
	})
	if err != nil {
		return nil, err
	}
	read, err := sqlitePool(file, sqliteReaders, busy, url.Values{"_query_only": {"true"}})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &DB{
		read:     read,
		often:    &prepared{DB: read, statements: map[string]*sql.Stmt{}},
		write:    write,
		prepared: &preparedWrites{pool: write, statements: map[string]*sql.Stmt{}},
		accounts: pool{read, write},
		counting: pool{read, write},
		shares:   sqliteShares,
		file:     file,
		turn:     newTurn(file.handle),
		group:    &group{sharing: maxSharing},
		waits:    &lockWaits{},
		pace:     usualPace,
		patience: patience,
		engine: engine{
			name:       "sqlite",
			goose:      goose.DialectSQLite3,
			migrations: migrations.SQLite(),
			pingSQL:    `SELECT count(*) FROM sqlite_schema`,
			versionTableSQL: `CREATE TABLE ` + versionTable + ` (
				id INTEGER PRIMARY KEY AUTOINCREMENT,
				version_id INTEGER NOT NULL UNIQUE,
				is_applied INTEGER NOT NULL,
				tstamp TIMESTAMP DEFAULT (datetime('now')))`,
			hasTableSQL: `SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?`,
			versionsSQL: `SELECT version_id, tstamp FROM `,
			columnsSQL:  `SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'`,
			namesSQL:    `SELECT name, CASE type WHEN 'index' THEN tbl_name ELSE '' END FROM sqlite_schema`,
			foldName:    strings.ToLower,
			dialect:     Dialect{SplitPlaces: true, FindSQL: func(column string) string { return `instr(` + column + `, ?) > 0` }},
			lock: func(ctx context.Context) (context.Context, func(), error) {
				release, err := lockFile(ctx, file.path+".lock")
				return ctx, release, err // the lock stays
			},
			migrationPool: func(context.Context) (*sql.DB, func(), error) { return write.DB, func() {}, nil },
		},
	}, nil
}

func (s *DB) openWatch(ctx context.Context) error {
	pool, err := sqlitePool(s.file, 1, s.patience*4/5, url.Values{"_query_only": {"true"}})
	if err != nil {
		return err
	}
	if s.watch, err = newWatch(ctx, pool.DB); err != nil {
		return errors.Join(err, pool.Close())
	}
	_, err = s.watch.countChanges(ctx) // so that this permanent connection has all files open
	return err
}

// sqlitePool opens a pool whose connections have the settings.
func sqlitePool(file *file, size int, busy time.Duration, settings url.Values) (*sqlx.DB, error) {
	settings.Set("mode", "rw") // never create the file
	settings.Set("_busy_timeout", fmt.Sprint(busy.Milliseconds()))
	settings.Set("_foreign_keys", "true")
	settings.Set("_dqs", "false")     // makes a mistyped "column" an error, not a string
	settings.Set("_error_rc", "true") // keeps earlier messages of the connection out of errors
	// A URI, because the name of a file may contain ?, # and %.
	uri := url.URL{Path: filepath.ToSlash(file.path)}
	connector, err := sqlite.NewConnector("file:" + uri.EscapedPath() + "?" + settings.Encode())
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(sameFile{connector, file}), "sqlite3") // sqlx's name for the placeholders
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// sameFile opens connections only to the file that is already open, not to a new file of the
// same name.
type sameFile struct {
	driver.Connector
	file *file
}

// Connect implements driver.Connector. It does not close a connection to another file,
// because that could delete the file's log.
func (c sameFile) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.file.check(); err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return conn, c.file.check()
}

// checkOurs returns an error for the file of another program, before anything is written: a
// file that is no SQLite database, or one with tables but without our migrations.
func (s *DB) checkOurs(ctx context.Context) error {
	var foreign int
	err := s.Call(ctx, "open", func(ctx context.Context) (err error) {
		foreign, err = s.foreignTables(ctx)
		return err
	})
	var fault *sqlite.Error
	switch {
	case errors.As(err, &fault) && fault.Code()&0xff == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrForeign, fault) // not an outage
	case err != nil:
		return err
	case foreign > 0:
		return fmt.Errorf("%w: it has %d tables that are not ours", ErrForeign, foreign)
	}
	return nil
}

// startWAL opens the writing connection and checks that the write-ahead log is on. On a file
// system without shared memory SQLite stays in a mode in which readers and the writer block
// each other.
func (s *DB) startWAL(ctx context.Context) error {
	var mode string
	err := s.Call(ctx, "open", func(ctx context.Context) error {
		return Querier{s.write}.One(ctx, []any{&mode}, `PRAGMA journal_mode`)
	})
	if err == nil && mode != "wal" {
		return fmt.Errorf("this file system does not support SQLite's write-ahead log (journal mode is %s)", mode)
	}
	return err
}
