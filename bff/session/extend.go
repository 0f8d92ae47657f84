package session

import (
	"context"

	"vestibule/store/db"
)

// extendIfDue extends a session that is in use. Of many concurrent requests one writes.
// The others continue at once, because the session is still alive.
func (s *Sessions) extendIfDue(ctx context.Context, e *entry) error {
	row, _ := e.load()
	now := s.now()
	if !row.RememberMe || now.Sub(row.UpdatedAt) < s.UpdateAge {
		return nil
	}
	expires := s.expiry(row, now)
	if !expires.After(row.ExpiresAt) || !e.extending.TryLock() {
		return nil
	}
	defer e.extending.Unlock()
	if latest, _ := e.load(); !latest.UpdatedAt.Equal(row.UpdatedAt) {
		return nil // another request has just extended it
	}
	ctx, cancel := db.Within(ctx, checkLimit)
	defer cancel()
	extended, err := s.store.ExtendSession(ctx, row.TokenHash, row.UpdatedAt, now, expires)
	if err != nil {
		return err
	}
	if extended {
		e.extended(now, expires)
		return nil
	}
	// Another process was first, or the session has ended: read it again.
	_, err = s.entry(ctx, row.TokenHash, 0)
	return err
}
