// Package db is the engine of the store. It opens SQLite or PostgreSQL, migrates it, and
// runs the transactions and statements of packages store and store/tasks. No other package
// knows SQL.
//
// It promises:
//   - Both databases run the same SQL text and behave alike. The conformance suites run on
//     both.
//   - Every write is a transaction. It is on disk when the method returns nil. No write is
//     ever repeated without the caller's knowledge.
//   - No call takes much longer than five seconds. If the database does not answer, the
//     caller gets ErrUnavailable.
//   - Nothing depends on the state of a database session. So a pooler in transaction mode,
//     such as PgBouncer, may stand in front of PostgreSQL.
//
// It refuses text that one of the engines cannot store (ErrInvalidText). It never puts the
// database URL or its password into an error.
//
// Times and ids come from the caller. Times are UTC and kept to the millisecond.
package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
)

// DB is an open database. All methods may be called from many goroutines.
type DB struct {
	engine engine

	// read and write are for sessions in use and for tasks, which proxied requests need.
	// SQLite has one writer at a time, so there write has a single connection: writers
	// queue for it here, and do not have to poll for SQLite's lock.
	read, write *sqlx.DB

	// accounts is for all else about accounts, and counting for the counters of the rate
	// limits. On SQLite both are read and write.
	accounts, counting pool

	shares Shares

	// On SQLite, otherwise nil. turn queues the writers in order, because database/sql
	// gives a free connection to a random waiter. group lets them share transactions.
	turn  *turn
	group *group
	file  *file

	// often is read for frequent statements whose text never varies.
	often Handle

	prepared *preparedWrites // on SQLite, otherwise nil

	watch       *watch       // on SQLite, after it is open
	checkpoints *checkpoints // likewise

	trouble trouble

	listener *listener // only on PostgreSQL
	triggers triggers  // on sessions and users

	// announcements is the announcer's pool of one connection. Both only on PostgreSQL.
	announcements *sqlx.DB
	announcer     *announcer

	patience time.Duration // the time limit of a call

	waits *lockWaits // of migrations
	pace  pace       // likewise

	unreadable unreadables
	metrics    *metrics
	observe    func(query string, rows int64) // is called for each write; for tests, else nil

	secrets atomic.Pointer[Instance] // what beats say of this process; see HoldSecrets

	sessionsLock string   // the file that ClaimSessions locks; "" where it need not lock
	claimed      *os.File // locked until Close
}

// patience is far longer than any call takes, and short enough for a waiting person.
const patience = 5 * time.Second

// Open opens the database and checks that it answers. url is sqlite:PATH, where PATH is not
// unescaped, or postgres://….
//
// It creates a missing SQLite file and its folder, readable only by this user. It waits
// while another process creates or migrates the file. An unmigrated database opens; see
// CheckMigrated.
func Open(ctx context.Context, url string) (*DB, error) { return OpenWith(ctx, url, Options{}) }

// Options say how a database is opened. The zero value has the defaults.
type Options struct {
	// MaxConnections is how many connections to PostgreSQL this process may have, with the
	// one that listens; at least MinConnections. 0: DefaultConnections. On SQLite it has no
	// effect.
	MaxConnections int

	// OnLockWait is called now and then while the open of a SQLite file waits for the
	// migration of another process; nil: nobody is told. PostgreSQL opens meanwhile.
	OnLockWait func(LockWait)

	// Metrics gets the metrics of the calls and of the connections; nil: there are none.
	Metrics prometheus.Registerer

	patience time.Duration // the time limit of a call; 0: patience
}

// OpenWith is Open with options.
func OpenWith(ctx context.Context, url string, o Options) (*DB, error) {
	s, err := openWith(ctx, url, o)
	if err != nil {
		return nil, err
	}
	s.measure(o.Metrics)
	return s, nil
}

func openWith(ctx context.Context, url string, o Options) (*DB, error) {
	o.patience = cmp.Or(o.patience, patience)
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, path, o)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, o)
	}
	// Show no part of the URL: it may contain a password.
	return nil, errors.New("database URL: want sqlite:PATH or postgres://…")
}

// Close closes the connections after the calls in progress. If the SQLite file was replaced
// it leaves them open until the process ends: closing the last one would write the log into
// the new file.
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
	for _, pool := range []*sqlx.DB{s.write, s.accounts.write, s.counting.write} {
		err = errors.Join(err, pool.Close()) // closing twice does nothing
	}
	if s.file != nil {
		err = errors.Join(err, s.turn.end(s.file))
	}
	return err
}

// ClaimSessions makes this process the only one that serves the sessions of a SQLite file,
// until Close or the end of the process. A second one would not learn of sessions that this
// one ends. While another process has the claim, it calls waiting once and waits until ctx
// ends; then it returns ErrClaimed. On PostgreSQL any number of processes may serve.
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

// tryClaim takes two locks: one by the name of the file, and one on the file itself, which
// may have other names.
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

// OnLockWait sets a function that is called now and then while a migration waits for a lock.
// Set it before the first migration.
func (s *DB) OnLockWait(f func(LockWait)) { s.waits.report = f }

// CheckURL checks a database URL without connecting. Its errors show no part of a
// password.
func CheckURL(url string) error {
	if strings.HasPrefix(url, "postgres:") || strings.HasPrefix(url, "postgresql:") {
		_, err := postgresConfig(url, patience)
		return err
	}
	return nil
}

// Engine is "sqlite" or "postgres".
func (s *DB) Engine() string { return s.engine.name }

// Shared reports whether other instances, also on other machines, may change the data
// without this process noticing. On SQLite they may not: the two processes on one file are
// the BFF and the API of one instance.
func (s *DB) Shared() bool { return s.engine.shared }

// Ping checks that the database answers.
func (s *DB) Ping(ctx context.Context) error {
	return s.Call(ctx, "ping", func(ctx context.Context) error {
		var n int64
		return s.Read().One(ctx, []any{&n}, s.engine.pingSQL)
	})
}
