package store

import (
	"context"
	"errors"
	"time"
)

// A request is checked before its body is read, and a client may take half an hour to send
// the body. So the transaction that acts checks the acting session again and locks its row
// until the commit. If the session ends first, nothing is changed; otherwise it ends after
// the change.

// RequireSession returns ErrSessionEnded unless the session that e names is live at the
// time of e.
//
// It locks the user's row first, so that two sessions of one user that end each other do
// not deadlock.
func (tx *Tx) RequireSession(e Event) error {
	if _, err := tx.exec(`UPDATE "user" SET id = id WHERE id = ?`, e.UserID); err != nil {
		return err
	}
	err := tx.holdSession(e.SessionID, e.UserID, e.At)
	if errors.Is(err, ErrNotFound) {
		return ErrSessionEnded
	}
	return err
}

// holdSession locks a session of the user, so that it cannot end before the commit. It
// returns ErrNotFound when it has ended.
func (tx *Tx) holdSession(id, userID string, now time.Time) error {
	return tx.change(`UPDATE session SET id = id WHERE id = ? AND "userId" = ? AND "expiresAt" > ?`, id, userID, now)
}

// RequireSubject returns ErrNoUser unless the user that e names exists and may sign in. If
// e names a session, it returns ErrSessionEnded unless that is live.
func (tx *Tx) RequireSubject(e Event) error {
	err := tx.change(`UPDATE "user" SET id = id WHERE id = ? AND "disabledAt" IS NULL`, e.UserID)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrNoUser
	case err != nil || e.SessionID == "":
		return err
	}
	return tx.RequireSession(e)
}

// ProvePassword stores that the password was proven in the session that e names at the
// time of e, and records e.
func (tx *Tx) ProvePassword(e Event) error {
	if _, err := tx.exec(`UPDATE session SET "provenAt" = ? WHERE id = ?`, e.At, e.SessionID); err != nil {
		return err
	}
	return tx.Record(e)
}

// rememberFor is how long a replaced session secret is remembered. It is longer than
// requests that were sent with the old cookie take.
const rememberFor = time.Minute

// rememberReplaced remembers that the browser itself has given up the secret with the
// token hash. Late answers to requests with the old cookie then do not clear a newer one.
func (tx *Tx) rememberReplaced(hash string, now time.Time) error {
	_, err := tx.exec(`INSERT INTO replaced (token, "expiresAt") VALUES (?, ?) ON CONFLICT (token) DO NOTHING`, hash, now.Add(rememberFor))
	return err
}

// WasReplaced reports whether the browser itself has given up the secret with the token
// hash within the last minute, by a new sign-in or by signing out.
func (s *Store) WasReplaced(ctx context.Context, hash string, now time.Time) (yes bool, err error) {
	err = s.Call(ctx, "replaced session", func(ctx context.Context) error {
		yes = false
		var n int64
		return s.Read().Each(ctx, []any{&n}, func() { yes = true },
			`SELECT 1 FROM replaced WHERE token = ? AND "expiresAt" > ?`, hash, now)
	})
	return yes, err
}
