package db

import (
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/jmoiron/sqlx"
)

// The connections of a pool of PostgreSQL.
//
//   - A pool uses the connection that was used last. So those that only a burst has needed
//     become idle, and are closed soon. Closing them at once would make a busy pool open
//     connections all the time, because the number that are in use changes every moment.
//   - No connection lives long, so that after a failover the instances find the new server.
const (
	postgresIdleTime = 15 * time.Second
	postgresLifetime = 5 * time.Minute
)

// pool has the connections for one kind of work. On PostgreSQL both are the same.
type pool struct{ read, write *sqlx.DB }

func postgresPool(c driver.Connector, size int) *sqlx.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(postgresIdleTime)
	db.SetConnMaxLifetime(postgresLifetime)
	return sqlx.NewDb(db, "postgres")
}
