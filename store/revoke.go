package store

import (
	"context"
	"time"
)

// SessionsOf returns the user's sessions that have not expired, the latest sign-in first.
func (s *Store) SessionsOf(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	var found []Session
	err := s.Call(ctx, "sessions of user", func(ctx context.Context) error {
		found = nil
		var row Session
		return s.AccountRead().Each(ctx, row.fields(), func() { found = append(found, row) },
			`SELECT `+sessionColumns+` FROM session s
			WHERE s."userId" = ? AND s."expiresAt" > ? ORDER BY s."createdAt" DESC, s.id`, userID, now)
	})
	return found, err
}

// RevokeSession ends the user's session with this id and records e. It returns
// ErrNotFound when it is not a session of this user.
func (tx *Tx) RevokeSession(userID, id string, e Event) error {
	ended, err := tx.endSessions(`id = ? AND "userId" = ?`, id, userID)
	switch {
	case err != nil:
		return err
	case len(ended) == 0:
		return ErrNotFound
	}
	tx.countEnded(revokedSession, len(ended))
	return tx.recordEnded(ended, e)
}

// RevokeSessions ends all sessions of the user, except the one with the token hash except,
// which may be "". A change of address that an ended session has requested is deleted with
// it. It records e for each session.
func (tx *Tx) RevokeSessions(userID, except string, e Event) error {
	ended, err := tx.endSessions(`"userId" = ? AND token <> ?`, userID, except)
	if err != nil {
		return err
	}
	tx.countEnded(revokedSession, len(ended))
	return tx.recordEnded(ended, e)
}

// recordEnded records e for each of the sessions. If the acting session is among them, its
// own browser has asked for its end.
func (tx *Tx) recordEnded(ended []Session, e Event) error {
	acting := e.SessionID
	e.Type = EventSessionRevoked
	events := make([]Event, 0, len(ended))
	for _, session := range ended {
		if session.ID == acting {
			if err := tx.rememberReplaced(session.TokenHash, e.At); err != nil {
				return err
			}
		}
		e.UserID, e.SessionID = session.UserID, session.ID
		events = append(events, e)
	}
	return tx.Record(events...)
}

// endSessions deletes the sessions that the condition selects. It returns their ids, token
// hashes and users.
func (tx *Tx) endSessions(condition string, args ...any) ([]Session, error) {
	var ended []Session
	var row Session
	err := tx.each([]any{&row.ID, &row.TokenHash, &row.UserID}, func() {
		ended = append(ended, row)
		tx.ended = append(tx.ended, row.TokenHash)
	}, `DELETE FROM session WHERE `+condition+` RETURNING id, token, "userId"`, args...)
	return ended, err
}
