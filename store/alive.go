package store

import (
	"context"
	"errors"
	"time"
)

// A request is checked before its body is read, and a client may take half an hour
// to send that. So whatever a member does requires the acting session's row once
// more, in the transaction that does it. The row stays locked until the commit: an
// end of the session comes before the change, which then does not happen, or after
// it.

// RequireSession returns ErrSessionEnded unless the session that e names lives at
// the time of e.
//
// The user's row is locked first, so that two sessions of one user that end each
// other do not wait for each other.
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

// holdSession keeps a session of the user from ending before the transaction does.
// It returns ErrNotFound when it has ended.
func (tx *Tx) holdSession(id, userID string, now time.Time) error {
	return tx.change(`UPDATE session SET id = id WHERE id = ? AND "userId" = ? AND "expiresAt" > ?`, id, userID, now)
}

// RequireSubject returns ErrNoUser unless the user whom e names exists and may sign in,
// and ErrSessionEnded unless the session that e names lives, if it names one.
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

// ProvePassword notes that the password was proven in the session that e names, at the
// time of e, and records e.
func (tx *Tx) ProvePassword(e Event) error {
	if _, err := tx.exec(`UPDATE session SET "provenAt" = ? WHERE id = ?`, e.At, e.SessionID); err != nil {
		return err
	}
	return tx.Record(e)
}

// rememberFor is how long a secret is remembered that a browser had until
// now: longer than requests that were sent with it are under way.
const rememberFor = time.Minute

// rememberReplaced remembers the secret with the token hash, which its own browser has
// given up, so that late answers to requests with it clear no newer cookie.
func (tx *Tx) rememberReplaced(hash string, now time.Time) error {
	_, err := tx.exec(`INSERT INTO replaced (token, "expiresAt") VALUES (?, ?) ON CONFLICT (token) DO NOTHING`, hash, now.Add(rememberFor))
	return err
}

// WasReplaced reports whether the browser that had the secret with the token hash
// has given it up within the last minute: for another one, or by signing out.
func (s *Store) WasReplaced(ctx context.Context, hash string, now time.Time) (yes bool, err error) {
	err = s.Call(ctx, "replaced session", func(ctx context.Context) error {
		yes = false
		var n int64
		return s.Read().Each(ctx, []any{&n}, func() { yes = true },
			`SELECT 1 FROM replaced WHERE token = ? AND "expiresAt" > ?`, hash, now)
	})
	return yes, err
}
