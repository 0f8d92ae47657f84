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

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/fair"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// Why a request has no session.
var (
	ErrNone     = errors.New("no session cookie")
	ErrUnsigned = errors.New("session cookie not signed by us")
	ErrEnded    = errors.New("session expired or revoked")
	// ErrReplaced is an ErrEnded of a session that its own browser has just ended, by a
	// new sign-in or a sign-out. The answer may arrive late, so it must not clear the
	// cookie: the browser may already have the cookie of the new session.
	ErrReplaced = fmt.Errorf("%w: replaced by its own browser a moment ago", ErrEnded)
)

// maxUserAgent is the most that is stored of a User-Agent header, in bytes.
const maxUserAgent = 512

// Sessions starts, checks and ends sessions. Make one with New.
type Sessions struct {
	Config
	store     Store
	cache     *cache
	further   *furtherTokens
	kinds     kinds
	ended     *endedCache
	lookups   *fair.Room
	exchanges exchanges

	streams streams
	sweeps  chan struct{} // asks Run to sweep at once

	hits, misses prometheus.Counter // of the cache
}

// New returns the sessions of a database.
func New(cfg Config, s Store) (*Sessions, error) {
	c, err := newCache(maxCached)
	if err != nil {
		return nil, fmt.Errorf("session cache: %w", err)
	}
	d, err := newEndedCache()
	if err != nil {
		return nil, fmt.Errorf("cache of ended sessions: %w", err)
	}
	further, err := newFurtherTokens(maxFurtherTokens)
	if err != nil {
		return nil, fmt.Errorf("cache of tokens: %w", err)
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
	sessions := &Sessions{Config: cfg, store: s, cache: c, further: further, ended: d, lookups: newLookups(s.Shares()), streams: newStreams(cfg), sweeps: make(chan struct{}, 1)}
	if err := sessions.openKinds(cfg.Kinds); err != nil {
		return nil, err
	}
	sessions.measure(cfg.Metrics)
	return sessions, nil
}

// now returns the current time with the precision of the database.
func (s *Sessions) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Next is a session that is about to start.
type Next struct {
	store.Session          // to be stored
	Replaces      []string // token hashes of the sessions that end at the same time: a request with the cookies of two live sessions would be refused

	cookie *http.Cookie
}

// Prepare makes a session for a user who has just signed in. It replaces the sessions
// that the request presents. The session starts when a transaction stores it; see
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
	row.ExpiresAt = s.expiry(&row, now)
	next := &Next{Session: row, cookie: s.cookieFor(row, token, now)}
	signed, _ := s.Cookie.read(r) // none if there is an error
	for _, p := range signed {
		next.Replaces = append(next.Replaces, opaque.Hash(p.token))
	}
	return next
}

// Started returns the cookie of a stored session. Only this cookie holds the secret of the
// session. Call it only after the commit.
func (s *Sessions) Started(next *Next) *http.Cookie {
	s.Forget(next.Replaces...)
	return next.cookie
}

// UserAgent returns the User-Agent header as valid text of at most maxUserAgent bytes.
func UserAgent(r *http.Request) string {
	// A header value may contain any bytes. The database accepts only valid UTF-8.
	ua := strings.ToValidUTF8(r.UserAgent(), "\uFFFD")
	if len(ua) > maxUserAgent {
		ua = strings.ToValidUTF8(ua[:maxUserAgent], "")
	}
	return ua
}

// Proven reports whether the user has proven the password in this session within
// FreshAge. Then a sensitive request needs no other proof.
func (s *Sessions) Proven(l *Live) bool { return s.Now().Sub(l.ProvenAt) < s.FreshAge }

// cookieFor makes the cookie of a session. Its Max-Age is counted from now.
func (s *Sessions) cookieFor(row store.Session, token string, now time.Time) *http.Cookie {
	if !row.RememberMe {
		return s.Cookie.build(token, browserSession)
	}
	return s.Cookie.build(token, row.ExpiresAt.Sub(now))
}

// End ends the sessions of all cookies that r presents and records e for each. It writes
// nothing for sessions that have already ended, because their cookies can be sent again
// and again. If all of them have ended and were looked up too often, it returns
// ErrTooOften.
func (s *Sessions) End(r *http.Request, e store.Event) error {
	signed, err := s.Cookie.read(r)
	if err != nil {
		return nil // no cookie is signed by us
	}
	var live []string
	tooOften := 0
	for _, p := range signed {
		hash := opaque.Hash(p.token)
		_, err := s.entry(r.Context(), hash, 0)
		switch {
		case err == nil:
			live = append(live, hash)
		case errors.Is(err, ErrTooOften):
			tooOften++
		case !errors.Is(err, ErrEnded):
			return err
		}
	}
	switch {
	case tooOften == len(signed):
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

// Of returns the live sessions of a user, with the latest sign-in first.
func (s *Sessions) Of(ctx context.Context, userID string) ([]store.Session, error) {
	now := s.now()
	rows, err := s.store.SessionsOf(ctx, userID, now)
	return slices.DeleteFunc(rows, func(row store.Session) bool { return !s.alive(&row, now) }), err
}

// Forget removes sessions from the cache and ends their streams. Call it after their rows
// were deleted.
func (s *Sessions) Forget(hashes ...string) {
	for _, hash := range hashes {
		s.forget(hash)
	}
}

// forget does what Forget does, for one session.
func (s *Sessions) forget(hash string) {
	s.cache.remove(hash)
	if s.exchanges.end(hash, s.Now()) {
		time.AfterFunc(grace, s.sweepSoon) // all of them are older then
	}
}
