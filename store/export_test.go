package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
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

// LockMigrations takes the lock that a migration takes.
func (s *Store) LockMigrations(ctx context.Context) (release func(), err error) {
	return s.engine.lock(ctx)
}

// OpenLinks opens a pool whose connections give the server only so long to answer.
func OpenLinks(databaseURL string, silence time.Duration) (*sql.DB, error) {
	config, err := postgresConfig(databaseURL, patience)
	if err != nil {
		return nil, err
	}
	driver, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, err
	}
	driver.Dialer(dialer{})
	return sql.OpenDB(connector{driver, silence}), nil
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
