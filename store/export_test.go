package store

import (
	"context"
	"database/sql"
	"io/fs"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// What the tests look at from outside the package.

const Patience = patience

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

// PageStatement is what TaskPage asks the database.
func (s *Store) PageStatement(q TaskQuery, userID string, limit int) (string, []any) {
	return s.pageStatement(q, userID, limit)
}

// Meanwhile calls f within the transaction of a change.
func Meanwhile(f func()) Also {
	return func(context.Context, querier, Event) error { f(); return nil }
}

// VersionTable is where the migrations that were applied are noted.
func (s *Store) VersionTable() string {
	words := strings.Fields(s.engine.versionsSQL)
	return words[len(words)-1]
}

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
