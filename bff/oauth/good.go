package oauth

// A token verifies by itself for as long as it lives. These checks ask what it cannot know,
// and so take effect at once, for introspection, for the exchange and for userinfo:
//
//   - Its user exists and is not disabled.
//   - The session that it names is alive.
//   - The client to which it was given exists.
//   - It was not revoked.

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"vestibule/bff/token"
	"vestibule/internal/jose"
	"vestibule/store"
)

const namesNoUser = token.NotSubject("it names no user")

// isService reports whether an id is that of a client.
func isService(id string) bool { return strings.HasPrefix(id, jose.ServicePrefix) }

// about reads a request about a token: it returns the client that sent it, and the token.
func (s *Server) about(w http.ResponseWriter, r *http.Request) (client caller, presented string, err error) {
	client, form, err := s.enter(w, r)
	if err != nil {
		return caller{}, "", err
	}
	if err := s.noteUse(r, client); err != nil {
		return caller{}, "", err
	}
	if form["token"] == "" {
		return caller{}, "", errNoToken
	}
	return client, form["token"], nil
}

// stillGood returns token.NotSubject unless a token that has just been verified is still
// good. It also returns the user, unless the token is a service's own.
func (s *Server) stillGood(ctx context.Context, t token.Subject) (user store.User, err error) {
	if isService(t.UserID) {
		err = s.clientExists(ctx, t.UserID)
	} else {
		user, err = s.userMay(ctx, t)
	}
	if err == nil && isService(t.ClientID) && t.ClientID != t.UserID {
		err = s.clientExists(ctx, t.ClientID)
	}
	if err != nil {
		return store.User{}, err
	}
	revoked, err := s.Store.TokenRevoked(ctx, t.Digest)
	if err == nil && revoked {
		err = token.NotSubject("it was revoked")
	}
	return user, err
}

// userMay returns the user of a token, if the user may still act and the session that the
// token names is alive.
func (s *Server) userMay(ctx context.Context, t token.Subject) (store.User, error) {
	user, err := s.Store.UserByID(ctx, t.UserID)
	switch {
	case isUnknown(err):
		return store.User{}, namesNoUser
	case err != nil:
		return store.User{}, err
	case user.DisabledAt != nil:
		return store.User{}, token.NotSubject("its user is disabled")
	case t.SessionID == "":
		return user, nil
	}
	live, err := s.Sessions.Of(ctx, user.ID)
	if err != nil {
		return store.User{}, err
	}
	if !slices.ContainsFunc(live, func(row store.Session) bool { return row.ID == t.SessionID }) {
		return store.User{}, token.NotSubject("its session has ended")
	}
	return user, nil
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
