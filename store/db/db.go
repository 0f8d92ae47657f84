// Package db is the engine of the store: it opens SQLite or PostgreSQL, migrates it, and
// runs the transactions and statements of the packages that stand on it. Only they and
// it know SQL.
//
// It promises:
//   - One SQL text and one behaviour on both databases; the conformance suites run
//     on both.
//   - A write is one transaction. It is on disk when the method returns nil, and
//     no write is ever sent twice behind the caller's back.
//   - No call takes much longer than five seconds, also when the database has
//     stopped answering; the caller then gets ErrUnavailable.
//   - Nothing relies on the state of a database session, so a pooler in
//     transaction mode, such as PgBouncer, may stand in front of PostgreSQL.
//
// It refuses text that one of the engines could not hold (ErrInvalidText), and it
// never puts the database URL or its password into an error.
//
// Times and ids come from the caller. Times are UTC and kept to the millisecond.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// DB is an open database. All methods may be called from many goroutines.
type DB struct {
	engine engine

	// read and write are one pool on PostgreSQL. On SQLite, which has one writer
	// at a time, write holds a single connection: writers then queue up in here,
	// where SQLite would have them poll for its lock.
	read, write *sqlx.DB

	// countRead and countWrite are where the limits count what is tried: on PostgreSQL a
	// pool of its own, so that nobody who tries much takes the connections of others; on
	// SQLite read and write.
	countRead, countWrite *sqlx.DB

	// On SQLite, otherwise nil. Of those who wait for the connection of write,
	// database/sql would pick one at random: hence turn.
	turn *turn
	file *file

	// often is read for statements that are run all the time and never vary.
	often Handle

	watch       *watch       // on SQLite, once it is open
	checkpoints *checkpoints // likewise

	trouble trouble

	listenURL string // on PostgreSQL, for connections that listen

	// announcements is the announcer's pool, of one connection; both on PostgreSQL.
	announcements *sql.DB
	announcer     *announcer

	patience time.Duration // bounds a call

	unreadable unreadables
	observe    func(query string, rows int64) // is told of each write; for tests, else nil

	sessionsLock string   // the file that ClaimSessions locks; "" where nothing is to be claimed
	claimed      *os.File // locked until Close
}

// patience is far above what any call takes, and short enough for the person
// who waits behind it.
const patience = 5 * time.Second

// Open opens the database and makes sure that it answers. url is sqlite:PATH,
// with PATH taken as it stands, or postgres://….
//
// A missing SQLite file is created together with its folder, readable by this
// user alone; Open waits while another process does so, or migrates the file.
// An unmigrated database opens; see CheckMigrated.
func Open(ctx context.Context, url string) (*DB, error) { return open(ctx, url, patience) }

func open(ctx context.Context, url string, patience time.Duration) (*DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, path, patience)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, patience)
	}
	// Not even a part of it is shown: it may hold a password.
	return nil, errors.New("database URL: want sqlite:PATH or postgres://…")
}

// Close closes the connections, after the calls that are under way. Where there is another
// SQLite file now they are left to the end of the process: closing the last one would
// write the log into it.
func (s *DB) Close() error {
	var err error
	if s.claimed != nil {
		defer s.claimed.Close()
	}
	s.checkpoints.close()
	if s.file.another() {
		return nil
	}
	if s.announcer != nil {
		s.announcer.end()
		err = s.announcements.Close()
	}
	if s.watch != nil {
		err = errors.Join(err, s.watch.close())
	}
	err = errors.Join(err, s.read.Close())
	for _, pool := range []*sqlx.DB{s.write, s.countWrite} {
		if pool != s.read {
			err = errors.Join(err, pool.Close()) // of no effect the second time
		}
	}
	if s.file != nil {
		err = errors.Join(err, s.file.close())
	}
	return err
}

// ClaimSessions makes this process the one that serves the sessions of a SQLite
// file, until Close or its end: a second one would not hear of sessions that
// this one ends. While another process has the claim it calls waiting, once, and
// waits as long as ctx lets it; then the error is ErrClaimed. On PostgreSQL any
// number may serve.
func (s *DB) ClaimSessions(ctx context.Context, waiting func()) error {
	if s.sessionsLock == "" {
		return nil
	}
	for first := true; ; first = false {
		err := s.tryClaim()
		if err == nil {
			return nil
		}
		if !errors.Is(err, errLocked) {
			return fmt.Errorf("claim sessions: %w", err)
		}
		if first {
			waiting()
		}
		if pause(ctx) != nil {
			return ErrClaimed
		}
	}
}

// tryClaim locks the sessions by the name of the file, and on the file itself, which may
// have other names.
func (s *DB) tryClaim() error {
	f, err := tryLockFile(s.sessionsLock)
	if err != nil {
		return err
	}
	if err := trySessions(s.file.handle); err != nil {
		return errors.Join(err, f.Close())
	}
	s.claimed = f
	return nil
}

// CheckURL says what is wrong with a database's URL, as far as that can be said
// without connecting. Its errors show no part of a password.
func CheckURL(url string) error {
	if strings.HasPrefix(url, "postgres:") || strings.HasPrefix(url, "postgresql:") {
		_, err := postgresConfig(url, patience)
		return err
	}
	return nil
}

// Engine is "sqlite" or "postgres".
func (s *DB) Engine() string { return s.engine.name }

// Shared reports whether other instances may change the data without this
// process noticing, on other machines even. Two processes on one SQLite file
// are the two sides of one instance.
func (s *DB) Shared() bool { return s.engine.shared }

// Ping asks the database for a sign of life.
func (s *DB) Ping(ctx context.Context) error {
	return s.Call(ctx, "ping", func(ctx context.Context) error {
		var n int64
		return s.Read().One(ctx, []any{&n}, s.engine.pingSQL)
	})
}
