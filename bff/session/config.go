package session

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/bff/token"
	"vestibule/store"
	"vestibule/store/db"
)

// Config has the lifetimes of sessions. 0 is the default of each duration.
type Config struct {
	Cookie    Cookie
	ExpiresIn time.Duration // life since the last update
	UpdateAge time.Duration // minimum age of the last update before use extends the session; negative: always extend
	MaxAge    time.Duration // life since sign-in; nothing extends it
	FreshAge  time.Duration // how long a password proof is valid

	// Recheck is how long a row is used without another query, while Version stays the same
	// and WatchSessions has told nothing about the session. If it is 0, every request
	// queries.
	Recheck time.Duration
	// Version returns a number. While it stays the same, earlier reads are still current,
	// except for what WatchSessions has told. If it fails, every request queries. nil: reads
	// are current for Recheck.
	Version func(context.Context) (int64, error)

	// MaxStreams, MaxStreamsPerUser and MaxStreamsPerSession bound the streams that are
	// open; 0 is the default.
	MaxStreams, MaxStreamsPerUser, MaxStreamsPerSession int
	// AddressShare is the part of MaxStreams that one address may have; 0: all.
	AddressShare float64

	ClientIP func(*http.Request) string
	Tokens   Tokens
	Kinds    []token.Kind     // of the tokens of a session, to which Kind adds; none: one, with the audience of Tokens and no more
	Now      func() time.Time // nil: time.Now

	Metrics prometheus.Registerer // of the cache, look-ups and streams; nil: none are registered
}

// Tokens mints the tokens that a session's requests carry upstream.
type Tokens interface {
	Mint(user *store.User, handle string, kind token.Kind) (token.Token, error)
	Fresh(token.Token) bool // whether it outlives the request that it is used for
}

// Store is the part of the database that sessions need.
type Store interface {
	SessionByTokenHash(ctx context.Context, hash string) (store.Session, store.User, error)
	ExtendSession(ctx context.Context, hash string, seen, updatedAt, expiresAt time.Time) (bool, error)
	WasReplaced(ctx context.Context, hash string, now time.Time) (bool, error)
	MarkCookieSent(ctx context.Context, hash string, at time.Time) error
	EndSession(ctx context.Context, hash string) error
	Tx(ctx context.Context, what string, f func(*store.Tx) error) error
	SessionsOf(ctx context.Context, userID string, now time.Time) ([]store.Session, error)
	WatchSessions(ctx context.Context, w db.SessionWatcher)
	Shares() db.Shares
	LiveSessions(ctx context.Context, hashes []string, now time.Time) (map[string]time.Time, error)
}
