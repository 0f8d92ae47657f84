package oauth

// Revocation (RFC 7009): a client gives up a token that was given to it. The rules:
//
//   - A token that is not ours, or has expired, needs no revocation: 200 (§2.2).
//   - The token of another client or of a user's session is refused (§2.1). This tells
//     nothing that the token itself does not tell.
//   - From the answer on, introspection says that the token is not active, and it cannot be
//     exchanged, at any instance and after a restart. Who verifies tokens without asking
//     accepts it until it expires.
//   - A client has a bounded number of revoked tokens that have not expired, because it can
//     get any number of tokens.

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/jose"
	"vestibule/store"
)

const (
	maxRevoked = 1000 // of one client, not expired

	// keptRevoked is how long a revocation is kept after its token has expired. The clock of
	// the instance that deletes it may be ahead of another one's.
	keptRevoked = time.Minute
)

// lastDate is the latest time that both databases can hold. A token that expires near it was
// made with the secret of HS256.
var lastDate = time.Unix(jose.MaxDate, 0).UTC()

// keptUntil returns when the revocation of a token can be forgotten.
func keptUntil(t token.Subject) time.Time {
	until := t.Expires.Add(keptRevoked)
	if until.After(lastDate) {
		return lastDate
	}
	return until
}

// Revoke revokes a token. Write its errors with WriteError.
func (s *Server) Revoke(w http.ResponseWriter, r *http.Request) error {
	client, presented, err := s.about(w, r)
	if err != nil {
		return err
	}
	t, err := s.Tokens.Verify(r.Context(), presented)
	if _, refused := errors.AsType[token.NotSubject](err); refused {
		return revoked(w)
	}
	if err != nil {
		return err
	}
	if t.ClientID != client.ID {
		return errNotGiven
	}
	before, err := s.Store.TokenRevoked(r.Context(), t.Digest) // so repeating a revocation writes nothing
	if err == nil && !before {
		err = s.revoke(r, client, t)
	}
	if err != nil {
		return err
	}
	return revoked(w)
}

func (s *Server) revoke(r *http.Request, client caller, t token.Subject) error {
	e := s.clientEvent(r, client.ID, store.EventTokenRevoked)
	e.Detail = fmt.Sprintf("token %s for %s, until %s", t.TokenID, named(t.Audience), t.Expires.Format(time.RFC3339))
	if !isService(t.UserID) && jose.UsableID(t.UserID) { // whoever has the secret of HS256 can write anything
		e.UserID, e.SessionID = t.UserID, t.SessionID
	}
	err := s.Store.Tx(r.Context(), "revoke token", func(tx *store.Tx) error {
		if err := tx.RequireClient(client.use(e.At)); err != nil {
			return err
		}
		added, err := tx.RevokeToken(store.RevokedToken{Digest: t.Digest, ClientID: client.ID, ExpiresAt: keptUntil(t)}, maxRevoked, e.At)
		if err != nil || !added {
			return err
		}
		return tx.Record(e)
	})
	if errors.Is(err, store.ErrTooManyRevoked) {
		return errTooManyRevoked.Because(err)
	}
	return ended(err)
}

// revoked is the answer whether or not there was something to revoke (RFC 7009 §2.2). It has
// no body.
func revoked(w http.ResponseWriter) error {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}
