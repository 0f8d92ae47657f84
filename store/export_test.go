package store

import (
	"context"
	"database/sql"
	"io/fs"
	"time"

	"github.com/jmoiron/sqlx"
)

// What the tests look at from outside the package.

const (
	Patience         = patience
	BatchRows        = batchRows
	BatchBytes       = batchBytes
	MaxKept          = maxKept
	MaxKeptBytes     = maxKeptBytes
	TaskHistoryBytes = taskHistoryBytes
	WALLimit         = walLimit
)

// Observe has f called for each statement that writes, with the rows that it changed.
func (s *Store) Observe(f func(query string, rows int64)) { s.observe = f }

var DeleteOldSQL = deleteOldSQL

var (
	SentinelOf     = sentinelOf
	PostgresConfig = postgresConfig
)

// OpenImpatient opens a store whose calls may take only so long.
func OpenImpatient(ctx context.Context, url string, patience time.Duration) (*Store, error) {
	return open(ctx, url, patience)
}

// Pools returns the pools of connections, by name.
func (s *Store) Pools() map[string]*sqlx.DB {
	return map[string]*sqlx.DB{"read": s.read, "write": s.write}
}

// CountingPool is the pool whose connections count what is tried.
func (s *Store) CountingPool() *sqlx.DB { return s.countWrite }

// LockMigrations takes the lock that a migration takes.
func (s *Store) LockMigrations(ctx context.Context) (release func(), err error) {
	_, release, err = s.engine.lock(ctx)
	return release, err
}

// OpenLinks opens a pool whose connections give the server only so long to answer.
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

// TaskPage is PageTasks with the tasks in memory.
func (s *Store) TaskPage(ctx context.Context, userID string, q TaskQuery, limit int) (tasks []Task, next *TaskPosition, err error) {
	found, next, err := s.PageTasks(ctx, userID, q, limit)
	if err != nil {
		return nil, nil, err
	}
	for t, err := range found {
		if err != nil {
			return nil, nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, next, nil
}

// Statement is what the store has asked the database.
type Statement struct {
	Text string // with ? for parameters
	Args []any
}

// RecordReads passes what is asked through the handle for frequent reads to f.
func (s *Store) RecordReads(f func(Statement)) { s.often = recorder{s.often, f} }

// recorder keeps the texts as they were before Rebind.
type recorder struct {
	handle
	f func(Statement)
}

func (r recorder) Rebind(query string) string { return query }

func (r recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.f(Statement{query, args})
	return r.handle.QueryContext(ctx, r.handle.Rebind(query), args...)
}

// SetSearch sets how many tasks are looked through for a page and for a list.
func (s *Store) SetSearch(page, list int) {
	s.pageWork.tasks, s.listWork.tasks = page, list
}

// SetSearchBytes does so by the bytes of their texts.
func (s *Store) SetSearchBytes(page, list int) {
	s.pageWork.bytes, s.listWork.bytes = page, list
}

// What bounds a statement.
const (
	LongRows    = longRows
	SearchRows  = searchRows
	SearchBytes = searchBytes
)

// SetWALLimit sets the size from which on the log is emptied.
func (s *Store) SetWALLimit(size int64) {
	s.checkpoints.limit = size
	s.checkpoints.from.Store(size)
}

// VersionTable is where the migrations that were applied are noted.
const VersionTable = versionTable

var (
	ParameterRules = parameterRules
	KnownToDriver  = knownToDriver
)

// DriverText is what lib/pq gets of a URL.
func DriverText(databaseURL string) (string, error) {
	u, err := parsePostgresURL(databaseURL)
	return u.text(), err
}

// SetMigrations replaces the migrations.
func (s *Store) SetMigrations(files fs.FS) { s.engine.migrations = files }

// DropLock has migrations go on without their lock.
func (s *Store) DropLock() {
	s.engine.lock = func(ctx context.Context) (context.Context, func(), error) { return ctx, func() {}, nil }
}

// AllPools are the pools of calls and of migrations, by name.
func (s *Store) AllPools(cleanup func(func())) map[string]*sql.DB {
	db, done := s.engine.migrationPool()
	cleanup(done)
	return map[string]*sql.DB{"calls": s.write.DB, "migrations": db}
}
