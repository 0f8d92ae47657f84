package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"vestibule/store/db"
)

// Session is a signed-in browser. It has expired when ExpiresAt is not after now;
// expired rows stay until DeleteExpiredSessions.
type Session struct {
	ID         string // ses_…; not secret
	TokenHash  string // lower-case hex SHA-256 of the token, which is never stored
	UserID     string
	IPAddress  string // at sign-in; "" when unknown
	UserAgent  string // at sign-in, made UTF-8 by the caller; "" when unknown
	RememberMe bool   // false: a session cookie, and a session that use never extends
	CreatedAt  time.Time
	UpdatedAt  time.Time // when ExpiresAt was last set
	ExpiresAt  time.Time
	CookieAt   time.Time // when the browser last got this session's cookie
	ProvenAt   time.Time // when the password was last proven in it; a sign-in is such a proof
}

const sessionColumns = `s.id, s.token, s."userId", COALESCE(s."ipAddress", ''), COALESCE(s."userAgent", ''),
	s."rememberMe", s."createdAt", s."updatedAt", s."expiresAt", s."cookieAt", COALESCE(s."provenAt", s."createdAt")`

func (s *Session) fields() []any {
	return []any{&s.ID, &s.TokenHash, &s.UserID, &s.IPAddress, &s.UserAgent, &s.RememberMe,
		db.Instant(&s.CreatedAt), db.Instant(&s.UpdatedAt), db.Instant(&s.ExpiresAt), db.Instant(&s.CookieAt), db.Instant(&s.ProvenAt)}
}

// StartSession adds a session, in which the password was proven at CreatedAt, and ends
// those with the token hashes replaced, whose browser gets this one in their place. It
// returns ErrNoUser when the user is gone.
func (tx *Tx) StartSession(s Session, replaced ...string) error {
	for _, hash := range replaced {
		if _, err := tx.giveUp(hash, s.CreatedAt); err != nil {
			return err
		}
	}
	_, err := tx.exec(`INSERT INTO session (id, token, "userId", "ipAddress", "userAgent", "rememberMe",
			"createdAt", "updatedAt", "expiresAt", "cookieAt")
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, s.TokenHash, s.UserID, s.IPAddress, s.UserAgent, s.RememberMe,
		s.CreatedAt, s.UpdatedAt, s.ExpiresAt, s.CookieAt)
	return err
}

// SignOut ends the sessions with the token hashes by the wish of their own browser, and
// records e for each, with the session and its user. Nothing is written of one that has
// ended already.
func (tx *Tx) SignOut(e Event, hashes ...string) error {
	for _, hash := range hashes {
		ended, err := tx.giveUp(hash, e.At)
		if err != nil {
			return err
		}
		for _, session := range ended {
			e.UserID, e.SessionID = session.UserID, session.ID
			if err := tx.Record(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveUp ends the session whose browser gives up its secret, if there is one.
func (tx *Tx) giveUp(hash string, now time.Time) (ended []Session, err error) {
	ended, err = tx.endSessions(`token = ?`, hash)
	if err == nil && len(ended) > 0 {
		err = tx.rememberReplaced(hash, now)
	}
	return ended, err
}

// SessionByTokenHash returns a session, expired ones too, with its user. A
// disabled user has none, whatever rows there are: a sign-in that was under way
// when the user was disabled may still add one.
func (s *Store) SessionByTokenHash(ctx context.Context, hash string) (session Session, u User, err error) {
	err = s.Call(ctx, "session by token", func(ctx context.Context) error {
		return s.Often().One(ctx, append(session.fields(), u.fields()...),
			`SELECT `+sessionColumns+`, `+userColumns+`
			FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = ? AND u."disabledAt" IS NULL`, hash)
	})
	switch {
	case db.IsUnreadable(err):
		// One that cannot be read opens nothing: its browser signs in again.
		return Session{}, User{}, fmt.Errorf("%w: %w", ErrNotFound, err)
	case err != nil:
		return Session{}, User{}, err
	}
	return session, u, nil
}

// ExtendSession sets UpdatedAt and ExpiresAt of a session whose UpdatedAt still is
// seen, and reports whether it did. It never brings back a session that has ended
// meanwhile, and of many calls with the same seen only one succeeds.
func (s *Store) ExtendSession(ctx context.Context, hash string, seen, updatedAt, expiresAt time.Time) (extended bool, err error) {
	err = s.Tx(ctx, "extend session", func(tx *Tx) error {
		n, err := tx.exec(`UPDATE session SET "updatedAt" = ?, "expiresAt" = ? WHERE token = ? AND "updatedAt" = ?`,
			updatedAt, expiresAt, hash, seen)
		extended = n > 0
		return err
	})
	return extended && err == nil, err
}

// MarkCookieSent moves CookieAt forward to at, never back. It returns ErrNotFound
// when the session has ended: then its cookie must not be sent.
func (s *Store) MarkCookieSent(ctx context.Context, hash string, at time.Time) error {
	return s.Tx(ctx, "mark cookie sent", func(tx *Tx) error {
		return tx.change(`UPDATE session SET "cookieAt" = CASE WHEN "cookieAt" < ? THEN ? ELSE "cookieAt" END
			WHERE token = ?`, at, at, hash)
	})
}

// EndSession deletes a session, if it exists.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return s.Tx(ctx, "end session", func(tx *Tx) error {
		_, err := tx.endSessions(`token = ?`, hash)
		return err
	})
}

// LiveSessions returns, for those of the token hashes whose session exists, has
// not expired and is not a disabled user's, when it expires.
func (s *Store) LiveSessions(ctx context.Context, hashes []string, now time.Time) (map[string]time.Time, error) {
	const batch = 1000 // parameters; SQLite takes 32 766, PostgreSQL 65 535
	live := make(map[string]time.Time, len(hashes))
	for len(hashes) > 0 {
		n := min(batch, len(hashes))
		args := []any{now}
		for _, hash := range hashes[:n] {
			args = append(args, hash)
		}
		hashes = hashes[n:]
		err := s.Call(ctx, "live sessions", func(ctx context.Context) error {
			var hash string
			var expiresAt time.Time
			return s.Read().Each(ctx, []any{&hash, db.Instant(&expiresAt)}, func() { live[hash] = expiresAt },
				`SELECT s.token, s."expiresAt" FROM session s JOIN "user" u ON u.id = s."userId"
				WHERE s."expiresAt" > ? AND u."disabledAt" IS NULL AND s.token IN (?`+strings.Repeat(", ?", n-1)+`)`,
				args...)
		})
		if err != nil {
			return nil, err
		}
	}
	return live, nil
}

// DeleteExpiredSessions deletes the sessions that have expired by now, and returns
// how many there were. What is remembered of replaced ones goes with them.
func (s *Store) DeleteExpiredSessions(ctx context.Context, now time.Time) (int64, error) {
	if _, err := s.DeleteOld(ctx, "delete replaced sessions", "replaced", "token", `"expiresAt"`, now); err != nil {
		return 0, err
	}
	return s.DeleteOld(ctx, "delete expired sessions", "session", "id", `"expiresAt"`, now)
}
