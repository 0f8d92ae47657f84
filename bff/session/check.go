package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vestibule/internal/opaque"
	"vestibule/store"
	"vestibule/store/db"
)

// Check finds the live session of r and extends it when that is due, unless r opens a stream
// of events. Its errors are
// ErrNone, ErrUnsigned and ErrEnded, and errors of the store, which say nothing about the
// session.
func (s *Sessions) Check(r *http.Request) (*Live, error) {
	return s.check(r, s.Recheck)
}

// Read is like Check, but always reads the session and its user from the database.
func (s *Sessions) Read(r *http.Request) (*Live, error) {
	return s.check(r, 0)
}

// Peek is like Read, but does not count as a use of the session and extends nothing.
func (s *Sessions) Peek(r *http.Request) (*Live, error) {
	e, p, err := s.find(r, 0)
	if err != nil {
		return nil, err
	}
	return s.live(e, p)
}

func (s *Sessions) check(r *http.Request, recheck time.Duration) (*Live, error) {
	e, p, err := s.find(r, recheck)
	if err != nil {
		return nil, err
	}
	if !asksForEvents(r) {
		if err := s.extendIfDue(r.Context(), e); err != nil {
			return nil, err
		}
	}
	return s.live(e, p)
}

// asksForEvents reports whether r opens a stream of events. Nobody need be there for that: each
// stream ends with its token, and the page opens the next one by itself. If that extended the
// session, an open window would keep it alive.
func asksForEvents(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Accept") == "text/event-stream"
}

// find returns the entry of the one live session that r presents.
func (s *Sessions) find(r *http.Request, recheck time.Duration) (*entry, presented, error) {
	var room [1]presented // browsers send one
	signed, err := s.Cookie.readInto(room[:0], r)
	if err != nil {
		return nil, presented{}, err
	}
	var found *entry
	var as presented
	var ended error
	for _, p := range signed {
		e, err := s.entry(r.Context(), opaque.Hash(p.token), recheck)
		switch {
		case errors.Is(err, ErrEnded):
			if ended == nil || errors.Is(err, ErrReplaced) {
				ended = err
			}
		case err != nil:
			return nil, presented{}, err
		case found != nil:
			return nil, presented{}, fmt.Errorf("%w: two cookies of live sessions", ErrUnsigned)
		default:
			found, as = e, p
		}
	}
	if found == nil {
		return nil, presented{}, ended
	}
	return found, as, nil
}

func (s *Sessions) live(e *entry, p presented) (*Live, error) {
	row, user := e.load()
	if !s.alive(row, s.now()) {
		return nil, ErrEnded
	}
	return &Live{Session: row, User: user, cookie: p, entry: e, checked: s.Now()}, nil
}

// entry returns a session from the cache if the cached row is current enough, and
// otherwise from the database.
func (s *Sessions) entry(ctx context.Context, hash string, recheck time.Duration) (*entry, error) {
	now := s.now()
	e, _ := s.cache.get(hash)
	mayUse := recheck > 0
	var version int64
	if s.Version != nil && recheck > 0 {
		var err error
		if version, err = s.Version(ctx); err != nil {
			version, recheck = unknown, 0
		}
	}
	if e != nil && e.isCurrent(now, recheck, version) {
		s.hits.Inc()
		return e, nil
	}
	if mayUse {
		s.misses.Inc()
	}
	if s.ended.tooOften(hash, now) {
		return nil, ErrTooOften
	}
	ctx, cancel := db.Within(ctx, checkLimit)
	defer cancel()
	before := s.cache.reads.Load()
	leave, err := s.enter(ctx, hash)
	if err != nil {
		return nil, err
	}
	defer leave()
	// While this request waited, another one may have read the same row, in a read that
	// began after this request asked. Without this, all requests that find a row too old at
	// the same time would read it one after the other.
	e, epoch := s.cache.get(hash)
	if e != nil && e.isReadAfter(before) {
		return e, nil
	}
	at := seen{time: now, version: version, read: s.cache.reads.Add(1)}
	row, user, err := s.store.SessionByTokenHash(ctx, hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.forget(hash)
		s.ended.add(hash, now)
		return nil, s.whyEnded(ctx, hash, now)
	case err != nil:
		return nil, err
	}
	if !s.alive(&row, now) {
		// The row is no longer needed. If this fails, the hourly clean-up deletes it.
		_ = s.store.EndSession(ctx, hash)
		s.forget(hash)
		s.ended.add(hash, now)
		return nil, ErrEnded
	}
	s.ended.remove(hash)
	return s.cache.put(hash, epoch, row, user, at), nil
}

// whyEnded returns ErrReplaced if the session was recently replaced by a newer one of the
// same browser, and otherwise ErrEnded.
func (s *Sessions) whyEnded(ctx context.Context, hash string, now time.Time) error {
	switch was, err := s.store.WasReplaced(ctx, hash, now); {
	case err != nil:
		return err
	case was:
		return ErrReplaced
	}
	return ErrEnded
}
