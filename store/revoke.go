package store

import (
	"context"
	"time"

	"vestibule/store/db"
)

// SessionsOf returns the sessions of a user that have not expired by now, the
// latest sign-in first.
func (s *Store) SessionsOf(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	var found []Session
	err := s.Call(ctx, "sessions of user", func(ctx context.Context) error {
		found = nil
		var row Session
		return s.Read().Each(ctx, row.fields(), func() { found = append(found, row) },
			`SELECT `+sessionColumns+` FROM session s
			WHERE s."userId" = ? AND s."expiresAt" > ? ORDER BY s."createdAt" DESC, s.id`, userID, now)
	})
	return found, err
}

// RevokeSession ends the user's session with this id, records e and returns the
// hash of the session's token. It returns ErrNotFound when the user has no such
// session, whoever else has it, and ErrSessionEnded when the one that e names, which
// acts, has ended.
func (s *Store) RevokeSession(ctx context.Context, userID, id string, e Event) (hash string, err error) {
	err = s.DB.Tx(ctx, "revoke session", func(ctx context.Context, q db.Querier) error {
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		ended, err := endSessions(ctx, q, `id = ? AND "userId" = ?`, id, userID)
		if err != nil {
			return err
		}
		if len(ended) == 0 {
			return ErrNotFound
		}
		hash = ended[0].TokenHash
		return recordEnded(ctx, q, ended, e)
	})
	return hash, err
}

// RevokeSessions ends all sessions of the user but the one with the token hash
// except, which may be "", and with each the change of address that it has asked for.
// It records e for each and returns the hashes of their tokens. It returns
// ErrSessionEnded like RevokeSession.
func (s *Store) RevokeSessions(ctx context.Context, userID, except string, e Event) (hashes []string, err error) {
	err = s.DB.Tx(ctx, "revoke sessions", func(ctx context.Context, q db.Querier) (err error) {
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		hashes, err = revokeAll(ctx, q, userID, except, e)
		return err
	})
	return hashes, err
}

// revokeAll is RevokeSessions within a transaction.
func revokeAll(ctx context.Context, q db.Querier, userID, except string, e Event) (hashes []string, err error) {
	ended, err := endSessions(ctx, q, `"userId" = ? AND token <> ?`, userID, except)
	if err != nil {
		return nil, err
	}
	for _, session := range ended {
		hashes = append(hashes, session.TokenHash)
	}
	if err := recordEnded(ctx, q, ended, e); err != nil {
		return nil, err
	}
	return hashes, nil
}

// recordEnded records e for each of the sessions. That which has ended itself was
// signed out by its own browser's wish.
func recordEnded(ctx context.Context, q db.Querier, ended []Session, e Event) error {
	acting := e.SessionID
	e.Type = EventSessionRevoked
	events := make([]Event, 0, len(ended))
	for _, session := range ended {
		if session.ID == acting {
			if err := replaced(ctx, q, session.TokenHash, e.At); err != nil {
				return err
			}
		}
		e.UserID, e.SessionID = session.UserID, session.ID
		events = append(events, e)
	}
	return record(ctx, q, events...)
}

// endSessions deletes the sessions that the condition selects, and returns of
// each its id, token hash and user.
func endSessions(ctx context.Context, q db.Querier, condition string, args ...any) ([]Session, error) {
	var ended []Session
	var row Session
	err := q.Each(ctx, []any{&row.ID, &row.TokenHash, &row.UserID}, func() { ended = append(ended, row) },
		`DELETE FROM session WHERE `+condition+` RETURNING id, token, "userId"`, args...)
	return ended, err
}
