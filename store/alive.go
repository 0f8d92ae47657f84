package store

import (
	"context"
	"time"

	"vestibule/store/db"
)

// A request is checked before its body is read, and a client may take half an hour
// to send that. So whatever a member does requires the acting session's row once
// more, in the transaction that does it. The row stays locked until the commit: an
// end of the session comes before the change, which then does not happen, or after
// it.

// requireSession returns ErrSessionEnded unless the session that e names lives at
// the time of e. An event that names no session, such as an operator's, needs none.
//
// The user's row is locked first, so that two sessions of one user that end each
// other do not wait for each other.
func requireSession(ctx context.Context, q db.Querier, e Event) error {
	if e.SessionID == "" {
		return nil
	}
	if _, err := q.Exec(ctx, `UPDATE "user" SET id = id WHERE id = ?`, e.UserID); err != nil {
		return err
	}
	n, err := q.Exec(ctx, `UPDATE session SET id = id WHERE id = ? AND "userId" = ? AND "expiresAt" > ?`, e.SessionID, e.UserID, e.At)
	if err == nil && n == 0 {
		return ErrSessionEnded
	}
	return err
}

// IfSubject lets something happen for a user only as long as they exist and may
// sign in, and, unless e names no session, that session lives. Otherwise it is
// ErrNoUser or ErrSessionEnded.
func IfSubject(e Event) Also {
	return func(ctx context.Context, q db.Querier, _ Event) error {
		n, err := q.Exec(ctx, `UPDATE "user" SET id = id WHERE id = ? AND "disabledAt" IS NULL`, e.UserID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNoUser
		}
		return requireSession(ctx, q, e)
	}
}

// ProvePassword notes that the password with the given hash was proven in the
// session that e names, at the time of e, and records e. It returns ErrConflict when the password
// is no longer that one, and ErrSessionEnded.
func (s *Store) ProvePassword(ctx context.Context, hash string, e Event) error {
	return s.DB.Tx(ctx, "prove password", func(ctx context.Context, q db.Querier) error {
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		if err := IfPassword(hash)(ctx, q, e); err != nil {
			return err
		}
		if _, err := q.Exec(ctx, `UPDATE session SET "provenAt" = ? WHERE id = ?`, e.At, e.SessionID); err != nil {
			return err
		}
		return record(ctx, q, e)
	})
}

// rememberReplaced is how long a secret is remembered that a browser had until
// now: longer than requests that were sent with it are under way.
const rememberReplaced = time.Minute

// replaced remembers the secret with the token hash, so that late answers to
// requests with it clear no newer cookie.
func replaced(ctx context.Context, q db.Querier, hash string, now time.Time) error {
	_, err := q.Exec(ctx, `INSERT INTO replaced (token, "expiresAt") VALUES (?, ?) ON CONFLICT (token) DO NOTHING`, hash, now.Add(rememberReplaced))
	return err
}

// SignedOut remembers the secret of the session that has ended by its own browser's
// wish, see WasReplaced.
func SignedOut(hash string, now time.Time) Also {
	return func(ctx context.Context, q db.Querier, _ Event) error { return replaced(ctx, q, hash, now) }
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
