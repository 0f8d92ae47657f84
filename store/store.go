// Package store keeps accounts: users, their sessions, mails and audit trail, counters
// of what is tried, signing keys and clients. It stands on the engine in package db,
// which says what is promised of every call; tasks are in package tasks.
//
// Times and ids come from the caller. Times are UTC and kept to the millisecond.
package store

import (
	"context"

	"vestibule/store/db"
)

// Store keeps accounts. All methods may be called from many goroutines.
type Store struct{ *db.DB }

// New returns the accounts in a database.
func New(d *db.DB) *Store { return &Store{d} }

// Open opens a database, see db.Open, and returns the accounts in it.
func Open(ctx context.Context, url string) (*Store, error) {
	d, err := db.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	return New(d), nil
}

// The errors that callers tell apart, with errors.Is. The first ones are those of every
// call.
var (
	ErrNotFound    = db.ErrNotFound
	ErrConflict    = db.ErrConflict
	ErrNoUser      = db.ErrNoUser
	ErrInvalidText = db.ErrInvalidText
	ErrUnavailable = db.ErrUnavailable

	ErrNoClient = db.NewError("no such client, or no longer with this secret")

	// ErrSessionEnded means that the session that acts has ended meanwhile, and that
	// nothing was done.
	ErrSessionEnded = db.NewError("the session has ended")
)
