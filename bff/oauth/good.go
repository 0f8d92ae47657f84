package oauth

// A token verifies by itself for as long as it lives. These checks ask what it cannot know,
// and so take effect at once, for introspection and for the exchange:
//
//   - Its user exists and is not disabled.
//   - The session that it names is alive.
//   - The client to which it was given exists.
//   - It was not revoked.

import (
	"context"
	"errors"
	"slices"
	"strings"

	"vestibule/bff/token"
	"vestibule/internal/jose"
	"vestibule/store"
)

const namesNoUser = token.NotSubject("it names no user")

// isService reports whether an id is that of a client.
func isService(id string) bool { return strings.HasPrefix(id, jose.ServicePrefix) }

// stillGood returns token.NotSubject unless a token that has just been verified is still
// good.
func (s *Server) stillGood(ctx context.Context, t token.Subject) error {
	owner := s.userMay
	if isService(t.UserID) {
		owner = func(ctx context.Context, t token.Subject) error { return s.clientExists(ctx, t.UserID) }
	}
	if err := owner(ctx, t); err != nil {
		return err
	}
	if isService(t.ClientID) && t.ClientID != t.UserID {
		if err := s.clientExists(ctx, t.ClientID); err != nil {
			return err
		}
	}
	revoked, err := s.Store.TokenRevoked(ctx, t.Digest)
	if err == nil && revoked {
		return token.NotSubject("it was revoked")
	}
	return err
}

// userMay checks the user of a token and the session that it names.
func (s *Server) userMay(ctx context.Context, t token.Subject) error {
	user, err := s.Store.UserByID(ctx, t.UserID)
	switch {
	case isUnknown(err):
		return namesNoUser
	case err != nil:
		return err
	case user.DisabledAt != nil:
		return token.NotSubject("its user is disabled")
	case t.SessionID == "":
		return nil
	}
	live, err := s.Sessions.Of(ctx, user.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(live, func(row store.Session) bool { return row.ID == t.SessionID }) {
		return token.NotSubject("its session has ended")
	}
	return nil
}

// clientExists checks the client of a token.
func (s *Server) clientExists(ctx context.Context, id string) error {
	_, err := s.Store.ClientByID(ctx, id)
	if isUnknown(err) {
		return token.NotSubject("its client was deleted")
	}
	return err
}

// isUnknown reports whether the database has no such id, or cannot even hold it.
func isUnknown(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText)
}
