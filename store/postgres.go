package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"

	"vestibule/migrations"
)

// The pool is small, since every instance has one and PostgreSQL's default
// allows 100 connections in all, and it forgets its connections soon, so that
// after a failover the instances find the new server.
const (
	postgresConnections = 20
	postgresIdleTime    = time.Minute
	postgresLifetime    = 5 * time.Minute
)

func openPostgres(ctx context.Context, databaseURL string, patience time.Duration) (*Store, error) {
	config, err := postgresConfig(databaseURL, patience)
	if err != nil {
		return nil, err
	}
	driver, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, err
	}
	driver.Dialer(dialer{})
	// A bit later than the call's context, which also tells the server to stop.
	db := sqlx.NewDb(sql.OpenDB(connector{driver, patience + patience/5}), "postgres")
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	db.SetConnMaxIdleTime(postgresIdleTime)
	db.SetConnMaxLifetime(postgresLifetime)

	migrationPool := func() (*sql.DB, func()) {
		db := sql.OpenDB(connector{driver, 0}) // a migration may be silent for long
		return db, func() { _ = db.Close() }
	}
	s := &Store{
		listenURL: listenURL(databaseURL, config),
		read:      db,
		often:     db,
		write:     db,
		patience:  patience,
		pageWork:  pageWork,
		listWork:  listWork,
		engine: engine{
			name:           "postgres",
			shared:         true,
			dialect:        goose.DialectPostgres,
			migrations:     migrations.Postgres(),
			pingSQL:        `SELECT 1`,
			isMigratedSQL:  `SELECT to_regclass('goose_db_version') IS NOT NULL`,
			versionsSQL:    `SELECT version_id, tstamp::timestamptz FROM goose_db_version`,
			waitBrieflySQL: `SET LOCAL lock_timeout = '100ms'`,
			waitAgainSQL:   `SET LOCAL lock_timeout = DEFAULT`,
			holdSQL:        ` FOR SHARE`,
			notifySQL:      `SELECT pg_notify('` + taskChannel + `', ?)`,
			// Of bytes: strpos of texts starts anew as LIKE does, if more seldom.
			findSQL: func(column string) string {
				return `position(convert_to(?, 'UTF8') IN convert_to(` + column + `, 'UTF8')) > 0`
			},
			lock: func(ctx context.Context) (func(), error) {
				db, done := migrationPool()
				return lockPostgres(ctx, db, done)
			},
			migrationPool: migrationPool,
		},
	}
	err = s.Ping(ctx)
	if errors.Is(err, pq.ErrSSLNotSupported) {
		err = fmt.Errorf("%w; a database on this machine or a trusted network takes sslmode=disable in its URL", err)
	}
	if err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	return s, nil
}

func postgresConfig(databaseURL string, patience time.Duration) (pq.Config, error) {
	u, err := url.Parse(databaseURL)
	// The parser's error shows the URL. And where a password has a /, ? or # that
	// is not escaped, its second half is taken for something else and shown later;
	// it then ends with the @ before the host.
	if err != nil || strings.Contains(u.EscapedPath()+u.RawQuery+u.Fragment, "@") {
		return pq.Config{}, errors.New("database URL: not a valid postgres:// URL; special characters are written %40 for @, %23 for #, %2F for /, and so on")
	}
	config, err := pq.NewConfig(databaseURL)
	if err != nil {
		return pq.Config{}, fmt.Errorf("database URL: %w", err)
	}
	// Without binary parameters lib/pq sends a query with arguments in two round
	// trips: it prepares the unnamed statement, then executes it. A pooler in
	// transaction mode may run the second one where another client has just
	// prepared a statement, which is then executed with these arguments.
	if u.Query().Has("binary_parameters") && !config.BinaryParameters {
		return pq.Config{}, errors.New("database URL: binary_parameters=no is not supported, it runs other clients' statements behind a pooler; leave it out")
	}
	config.BinaryParameters = true
	if config.ApplicationName == "" {
		config.ApplicationName = "vestibule"
	}
	if config.ConnectTimeout <= 0 { // for ever
		config.ConnectTimeout = patience
	}
	return config, nil
}
