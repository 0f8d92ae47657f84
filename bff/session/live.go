package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"vestibule/store"
	"vestibule/store/db"
)

// Live is a session that was alive when it was checked.
type Live struct {
	*store.Session             // as it was when last read; not to be changed
	User           *store.User // likewise
	cookie         presented
	entry          *entry
	checked        time.Time
}

// Handle returns the ID of the session for bodies and tokens. It gives no access.
func (l *Live) Handle() string { return l.ID }

// Renewed returns the cookie to send if the browser's copy is out of date: the session was
// extended after the cookie was last sent, or the cookie is signed with a previous secret
// or as earlier versions did.
// Otherwise it returns nil. It returns ErrEnded if the session has ended since it was
// checked.
func (s *Sessions) Renewed(ctx context.Context, l *Live) (*http.Cookie, error) {
	if !l.cookie.stale && !(l.RememberMe && l.UpdatedAt.After(l.CookieAt)) {
		return nil, nil
	}
	ctx, cancel := db.Within(ctx, checkLimit)
	defer cancel()
	err := s.store.MarkCookieSent(ctx, l.TokenHash, l.UpdatedAt)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.forget(l.TokenHash)
		return nil, ErrEnded
	case err != nil:
		return nil, err
	}
	return s.cookieFor(*l.Session, l.cookie.token, s.now()), nil
}
