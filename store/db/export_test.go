package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"
)

// Internals for the tests outside the package.

const (
	Patience = patience
	WALLimit = walLimit

	MaxMembers = maxMembers
)

var DeleteOldSQL = deleteOldSQL

var (
	ErrNotSingle   = errNotSingle
	SentinelOf     = sentinelOf
	PostgresConfig = postgresConfig
)

// OpenWithin opens a store with another time limit for calls.
func OpenWithin(ctx context.Context, url string, patience time.Duration) (*DB, error) {
	return OpenWith(ctx, url, Options{patience: patience})
}

// Pools returns the pools of connections, by name.
func (s *DB) Pools() map[string]*sqlx.DB {
	return map[string]*sqlx.DB{"read": s.read, "write": s.write, "accounts": s.accounts.write, "counting": s.counting.write}
}

// NotificationsIn is Notifications as if the time d had passed without one.
func (s *DB) NotificationsIn(d time.Duration) error { return s.listener.late(time.Now().Add(d)) }

// BelievedWith returns the error of the version while heartbeats carry a state of the triggers
// and another one may have been checked.
func BelievedWith(state, checked string) error {
	l := &listener{}
	l.heard.Store(&hearing{until: time.Now().Add(time.Hour), state: state})
	_, err := l.version(checked)
	return err
}

// Heartbeat sends one heartbeat on a channel of the tests.
func (s *DB) Heartbeat(ctx context.Context) error { return s.heartbeat(ctx, "vestibule_test", "1") }

// AskAgain lets the next heartbeat ask for the state of the triggers, also if the user was not
// allowed to a moment ago.
func (s *DB) AskAgain() { s.triggers.forbidden.Store(0) }

// TriggersFound reports whether the triggers were checked.
func (s *DB) TriggersFound() bool { return s.triggers.found.Load() != nil }

// LostAfter is when Notifications returns an error.
const LostAfter = lostAfter

// LockMigrations takes the lock that a migration takes.
func (s *DB) LockMigrations(ctx context.Context) (release func(), err error) {
	_, release, err = s.engine.lock(ctx)
	return release, err
}

// OpenLinks opens a pool whose connections have another time limit for the server's
// answers.
func OpenLinks(databaseURL string, silence time.Duration) (*sql.DB, error) {
	config, err := postgresConfig(databaseURL, patience)
	if err != nil {
		return nil, err
	}
	hosts, err := newHosts(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{hosts: hosts, silence: silence}), nil
}

// SetWALLimit sets the size above which the log is emptied.
func (s *DB) SetWALLimit(size int64) {
	s.checkpoints.limit = size
	s.checkpoints.from.Store(size)
}

// VersionTable is the table of the applied migrations.
const VersionTable = versionTable

var (
	ParameterRules = parameterRules
	KnownToDriver  = knownToDriver
)

// DriverText is the text that lib/pq gets for a URL.
func DriverText(databaseURL string) (string, error) {
	u, err := parsePostgresURL(databaseURL)
	return u.text(), err
}

// SetMigrations replaces the migrations.
func (s *DB) SetMigrations(files fs.FS) { s.engine.migrations = files }

// DropLock lets migrations continue without their lock.
func (s *DB) DropLock() {
	s.engine.lock = func(ctx context.Context) (context.Context, func(), error) { return ctx, func() {}, nil }
}

// AllPools returns the pools of calls and of migrations, by name.
func (s *DB) AllPools(cleanup func(func())) map[string]*sql.DB {
	db, done, err := s.engine.migrationPool(context.Background())
	if err != nil {
		panic(err)
	}
	cleanup(done)
	return map[string]*sql.DB{"calls": s.write.DB, "migrations": db}
}

// SetPace sets how long and how often a migration waits for a lock. It reports every wait.
func (s *DB) SetPace(timeout, pause time.Duration, attempts int) {
	s.pace = pace{timeout: timeout, pause: pause, attempts: attempts}
}

// MeetVacuum lets the migrations to come believe that an autovacuum was in their way.
func (s *DB) MeetVacuum() { s.waits.seen = &LockWait{Blockers: []Blocker{{vacuum: true}}} }

var WithoutLiterals = withoutLiterals

const (
	LoginsAtOnce = loginsAtOnce
	LoginSilence = loginSilence
	LoginPause   = loginPause
	IdleTrusted  = idleTrusted
)

// NewGate returns the open of a new gate.
func NewGate() func(context.Context, func() (driver.Conn, error)) (driver.Conn, error) {
	return newGate().open
}

// ListenPauses returns the pauses after n attempts to listen that end with err, none of which
// has heard anything.
func ListenPauses(direct bool, err error, n int) (all []time.Duration) {
	l, next := &listener{direct: direct}, newPauses()
	for range n {
		all = append(all, l.pause(&next, false, err))
	}
	return all
}

// Waiting returns how many writers wait for a shared transaction.
func (s *DB) Waiting() int {
	s.group.mu.Lock()
	defer s.group.mu.Unlock()
	return len(s.group.waiting)
}

// SetPatience sets the time limit of calls that begin, and of parts that begin.
func (s *DB) SetPatience(d time.Duration) { s.patience = d }

// ShareFor sets how long a leader calls others.
func (s *DB) ShareFor(d time.Duration) { s.group.sharing = d }

// ReplaceWith puts a file in the place of the database at the path, as a restore does.
func ReplaceWith(file, path string) (aside string, err error) {
	return draft{filepath.Dir(file), file}.replace(path)
}

// MoveToNew names a file on a file system with such a function for links.
func MoveToNew(link func(from, to string) error, from, to string) error {
	return moveToNew(link, from, to)
}
