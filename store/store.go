// Package store keeps accounts: users, sessions, mails, the audit trail, the counters of
// the rate limits, signing keys and clients. It uses the database engine in package db,
// whose comment says what every call promises. Tasks are in package tasks.
//
// Times and ids come from the caller. Times are UTC and kept to the millisecond.
package store

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/store/db"
)

// Store keeps accounts. All methods may be called from many goroutines.
type Store struct {
	*db.DB

	metrics *metrics
}

// New returns the accounts in a database.
func New(d *db.DB) *Store { return newStore(d, nil) }

func newStore(d *db.DB, r prometheus.Registerer) *Store { return &Store{d, newMetrics(r)} }

// Open opens a database, see db.Open, and returns the accounts in it.
func Open(ctx context.Context, url string) (*Store, error) {
	return OpenWith(ctx, url, db.Options{})
}

// OpenWith is Open with options.
func OpenWith(ctx context.Context, url string, o db.Options) (*Store, error) {
	d, err := db.OpenWith(ctx, url, o)
	if err != nil {
		return nil, err
	}
	return newStore(d, o.Metrics), nil
}

// Errors that callers compare with errors.Is. Every call can return the first five.
var (
	ErrNotFound    = db.ErrNotFound
	ErrConflict    = db.ErrConflict
	ErrNoUser      = db.ErrNoUser
	ErrInvalidText = db.ErrInvalidText
	ErrUnavailable = db.ErrUnavailable

	ErrNoClient = db.NewError("no such client, or no longer with this secret")

	// ErrTokenRevoked means that the presented token was revoked. Nothing was changed.
	ErrTokenRevoked = db.NewError("the token was revoked")

	// ErrTooManyRevoked means that a client has too many revoked tokens that have not expired.
	ErrTooManyRevoked = db.NewError("too many revoked tokens that have not expired")

	// ErrSessionEnded means that the acting session has ended. Nothing was changed.
	ErrSessionEnded = db.NewError("the session has ended")
)
