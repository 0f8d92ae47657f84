package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// Why a request has no session.
var (
	ErrNone     = errors.New("no session cookie")
	ErrUnsigned = errors.New("session cookie not signed by us")
	ErrEnded    = errors.New("session expired or revoked")
	// ErrReplaced is an ErrEnded whose cookie the browser has just given up, for that
	// of a newer session or by signing out. The answer may be late, so it must not
	// clear the cookie, which could be the newer one.
	ErrReplaced = fmt.Errorf("%w: replaced by its own browser a moment ago", ErrEnded)
)

// briefLife is how long a session lives whose user did not ask to be
// remembered. Its cookie goes with the browser; use never extends it.
const briefLife = 24 * time.Hour

// maxUserAgent bounds what a client can make us store, in bytes.
const maxUserAgent = 512

// Sessions is the authority on sessions. Make one with New.
type Sessions struct {
	Config
	store     Store
	cache     *cache
	ended     *endedCache
	lookups   *fair.Room
	exchanges exchanges

	streams streams
}

// New returns the sessions of a database.
func New(cfg Config, s Store) (*Sessions, error) {
	c, err := newCache(maxCached)
	if err != nil {
		return nil, fmt.Errorf("session cache: %w", err)
	}
	d, err := newEndedCache()
	if err != nil {
		return nil, fmt.Errorf("memory of ended sessions: %w", err)
	}
	if err := cfg.Cookie.derive(); err != nil {
		return nil, err
	}
	cfg.ExpiresIn = cmp.Or(cfg.ExpiresIn, DefaultExpiresIn)
	cfg.UpdateAge = cmp.Or(cfg.UpdateAge, DefaultUpdateAge)
	cfg.MaxAge = cmp.Or(cfg.MaxAge, DefaultMaxAge)
	cfg.FreshAge = cmp.Or(cfg.FreshAge, DefaultFreshAge)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sessions{Config: cfg, store: s, cache: c, ended: d, lookups: newLookups(), streams: newStreams(cfg)}, nil
}

// now is the current time as the database keeps it.
func (s *Sessions) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Next is a session that is about to start.
type Next struct {
	store.Session          // to be stored
	Replaces      []string // token hashes of what ends with that: a second live session would make every request with both cookies a conflict

	cookie *http.Cookie
}

// Prepare makes a session for the user who has just proven who they are, in place of
// those that the request presents. It starts with the transaction that stores it; see
// Started.
func (s *Sessions) Prepare(r *http.Request, userID string, remember bool) *Next {
	token, now := opaque.NewToken(), s.now()
	row := store.Session{
		ID:         "ses_" + strings.ToLower(rand.Text()),
		TokenHash:  opaque.Hash(token),
		UserID:     userID,
		IPAddress:  s.ClientIP(r),
		UserAgent:  UserAgent(r),
		RememberMe: remember,
		CreatedAt:  now,
		UpdatedAt:  now,
		CookieAt:   now,
		ProvenAt:   now,
	}
	row.ExpiresAt = s.expiry(row, now)
	next := &Next{Session: row, cookie: s.cookieFor(row, token, now)}
	signed, _ := s.Cookie.read(r) // none if there is an error
	for _, p := range signed {
		next.Replaces = append(next.Replaces, opaque.Hash(p.token))
	}
	return next
}

// Started returns the cookie of a session that is stored: the only place that holds its
// secret. It must not be called before the commit, or without one.
func (s *Sessions) Started(next *Next) *http.Cookie {
	s.Forget(next.Replaces...)
	return next.cookie
}

// UserAgent is what is kept of the header: text, and not too much of it.
func UserAgent(r *http.Request) string {
	// Header values are bytes; the database wants text.
	ua := strings.ToValidUTF8(r.UserAgent(), "\uFFFD")
	if len(ua) > maxUserAgent {
		ua = strings.ToValidUTF8(ua[:maxUserAgent], "")
	}
	return ua
}

// expiry is when a session ends that was last updated at the given time.
func (s *Sessions) expiry(row store.Session, updated time.Time) time.Time {
	life := s.ExpiresIn
	if !row.RememberMe {
		life = min(life, briefLife)
	}
	idle, absolute := updated.Add(life), row.CreatedAt.Add(s.MaxAge)
	if absolute.Before(idle) {
		return absolute
	}
	return idle
}

// Proven says whether the password was proven in the session so lately that what
// is sensitive needs no other proof.
func (s *Sessions) Proven(l *Live) bool { return s.Now().Sub(l.ProvenAt) < s.FreshAge }

// alive is the one function that decides whether a row is a live session. The
// limits are applied as configured now, so lowering them takes effect on the
// sessions that exist.
func (s *Sessions) alive(row store.Session, now time.Time) bool {
	return now.Before(row.ExpiresAt) && now.Before(s.expiry(row, row.UpdatedAt))
}

// cookieFor makes the cookie of a session, whose life is counted from now: a new
// session's is that of the session, however long the database took.
func (s *Sessions) cookieFor(row store.Session, token string, now time.Time) *http.Cookie {
	if !row.RememberMe {
		return s.Cookie.build(token, browserSession)
	}
	return s.Cookie.build(token, row.ExpiresAt.Sub(now))
}

// End ends the session that r presents, if it presents one; of several cookies
// each one's. e is recorded for each. For one that has ended already nothing is
// written: its cookie may come for ever. The error is ErrTooOften when all have, and were
// asked for too often.
func (s *Sessions) End(r *http.Request, e store.Event) error {
	signed, err := s.Cookie.read(r)
	if err != nil {
		return nil // there is none that we have signed
	}
	var live []string
	often := 0
	for _, p := range signed {
		hash := opaque.Hash(p.token)
		_, err := s.entry(r.Context(), hash, 0)
		switch {
		case err == nil:
			live = append(live, hash)
		case errors.Is(err, ErrTooOften):
			often++
		case !errors.Is(err, ErrEnded):
			return err
		}
	}
	switch {
	case often == len(signed):
		return ErrTooOften
	case len(live) == 0:
		return nil
	}
	err = s.store.Tx(r.Context(), "sign out", func(tx *store.Tx) error { return tx.SignOut(e, live...) })
	if err == nil {
		s.Forget(live...)
	}
	return err
}

// Of returns the live sessions of a user, the latest sign-in first.
func (s *Sessions) Of(ctx context.Context, userID string) ([]store.Session, error) {
	now := s.now()
	rows, err := s.store.SessionsOf(ctx, userID, now)
	return slices.DeleteFunc(rows, func(row store.Session) bool { return !s.alive(row, now) }), err
}

// Forget ends what this process still does for sessions whose rows are gone.
func (s *Sessions) Forget(hashes ...string) {
	for _, hash := range hashes {
		s.forget(hash)
	}
}

// forget is the one place that learns that a session has ended, after the row
// is gone: the cache drops it and its streams end.
func (s *Sessions) forget(hash string) {
	s.cache.remove(hash)
	s.exchanges.end(hash, s.Now())
}
