package session

import (
	"context"
	"errors"
	"net/http"

	"vestibule/bff/token"

	"vestibule/store"
)

// Live is a session that was alive when it was checked.
type Live struct {
	store.Session
	User  store.User // as it was when last read
	token string
	stale bool // the cookie was signed with a previous secret
	entry *entry
}

// Handle identifies the session in bodies and tokens and opens nothing.
func (l *Live) Handle() string { return l.ID }

// Renewed returns the cookie to send when the browser's own copy has fallen
// behind: the session was extended since it was last sent, by whatever
// request, or its signature is that of a previous secret. Otherwise nil. When
// the session has ended since it was checked, that is ErrEnded.
func (s *Sessions) Renewed(ctx context.Context, l *Live) (*http.Cookie, error) {
	if !l.stale && !(l.RememberMe && l.UpdatedAt.After(l.CookieAt)) {
		return nil, nil
	}
	err := s.store.MarkCookieSent(ctx, l.TokenHash, l.UpdatedAt)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.forget(l.TokenHash)
		return nil, ErrEnded
	case err != nil:
		return nil, err
	}
	return s.cookieFor(l.Session, l.token, s.now()), nil
}

// Token returns the token for the session's requests upstream. It is minted
// once per session and lifetime of the token, not once per request.
func (s *Sessions) Token(l *Live) (token.Token, error) {
	return l.entry.token(func(held token.Token) (token.Token, error) {
		if s.Tokens.Fresh(held) {
			return held, nil
		}
		return s.Tokens.Mint(l.UserID, l.Handle())
	})
}
