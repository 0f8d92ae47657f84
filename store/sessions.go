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
	RememberMe bool   // false: the cookie ends with the browser, and use does not extend the session
	CreatedAt  time.Time
	UpdatedAt  time.Time // when ExpiresAt was last set
	ExpiresAt  time.Time
	CookieAt   time.Time // when the browser last got this session's cookie
	ProvenAt   time.Time // when the password was last proven, by the sign-in or later
}

const sessionColumns = `s.id, s.token, s."userId", COALESCE(s."ipAddress", ''), COALESCE(s."userAgent", ''),
	s."rememberMe", s."createdAt", s."updatedAt", s."expiresAt", s."cookieAt", COALESCE(s."provenAt", s."createdAt")`

func (s *Session) fields() []any {
	return []any{&s.ID, &s.TokenHash, &s.UserID, &s.IPAddress, &s.UserAgent, &s.RememberMe,
		db.Instant(&s.CreatedAt), db.Instant(&s.UpdatedAt), db.Instant(&s.ExpiresAt), db.Instant(&s.CookieAt), db.Instant(&s.ProvenAt)}
}

// StartSession adds a session whose password was proven at CreatedAt. It ends the
// sessions with the token hashes replaced, which the same browser had before. It returns
// ErrNoUser when there is no such user.
func (tx *Tx) StartSession(s Session, replaced ...string) error {
	for _, hash := range replaced {
		ended, err := tx.giveUp(hash, s.CreatedAt)
		if err != nil {
			return err
		}
		tx.countEnded(replacedSession, len(ended))
	}
	tx.count(tx.metrics.started)
	_, err := tx.exec(`INSERT INTO session (id, token, "userId", "ipAddress", "userAgent", "rememberMe",
			"createdAt", "updatedAt", "expiresAt", "cookieAt")
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, s.TokenHash, s.UserID, s.IPAddress, s.UserAgent, s.RememberMe,
		s.CreatedAt, s.UpdatedAt, s.ExpiresAt, s.CookieAt)
	return err
}

// SignOut ends the sessions with the token hashes at the request of their own browser. It
// records e for each with the session and its user, but not for those that had ended.
func (tx *Tx) SignOut(e Event, hashes ...string) error {
	for _, hash := range hashes {
		ended, err := tx.giveUp(hash, e.At)
		if err != nil {
			return err
		}
		tx.countEnded(signedOutSession, len(ended))
		for _, session := range ended {
			e.UserID, e.SessionID = session.UserID, session.ID
			if err := tx.Record(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveUp ends the session with the token hash, if it exists, and remembers that its own
// browser asked for it.
func (tx *Tx) giveUp(hash string, now time.Time) (ended []Session, err error) {
	ended, err = tx.endSessions(`token = ?`, hash)
	if err == nil && len(ended) > 0 {
		err = tx.rememberReplaced(hash, now)
	}
	return ended, err
}

// SessionByTokenHash returns a session with its user, also when it has expired. It returns
// ErrNotFound for a session of a disabled user: a sign-in that was in progress when the
// user was disabled may have added one.
func (s *Store) SessionByTokenHash(ctx context.Context, hash string) (session Session, u User, err error) {
	err = s.Call(ctx, "session by token", func(ctx context.Context) error {
		return s.Often().One(ctx, append(session.fields(), u.fields()...),
			`SELECT `+sessionColumns+`, `+userColumns+`
			FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = ? AND u."disabledAt" IS NULL`, hash)
	})
	switch {
	case db.IsUnreadable(err):
		// An unreadable row gives no access: the browser signs in again.
		return Session{}, User{}, fmt.Errorf("%w: %w", ErrNotFound, err)
	case err != nil:
		return Session{}, User{}, err
	}
	return session, u, nil
}

// ExtendSession sets UpdatedAt and ExpiresAt of a session if its UpdatedAt is still seen,
// and reports whether it did. It never revives a session that has ended, and of several
// calls with the same seen only one succeeds.
func (s *Store) ExtendSession(ctx context.Context, hash string, seen, updatedAt, expiresAt time.Time) (extended bool, err error) {
	err = s.sessionTx(ctx, "extend session", func(tx *Tx) error {
		n, err := tx.exec(`UPDATE session SET "updatedAt" = ?, "expiresAt" = ? WHERE token = ? AND "updatedAt" = ?`,
			updatedAt, expiresAt, hash, seen)
		if extended = n > 0; extended {
			tx.count(tx.metrics.extended)
		}
		return err
	})
	return extended && err == nil, err
}

// MarkCookieSent moves CookieAt forward to at, never back. It returns ErrNotFound
// when the session has ended: then its cookie must not be sent.
func (s *Store) MarkCookieSent(ctx context.Context, hash string, at time.Time) error {
	return s.sessionTx(ctx, "mark cookie sent", func(tx *Tx) error {
		return tx.change(`UPDATE session SET "cookieAt" = CASE WHEN "cookieAt" < ? THEN ? ELSE "cookieAt" END
			WHERE token = ?`, at, at, hash)
	})
}

// EndSession deletes a session that has expired, if it exists.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return s.sessionTx(ctx, "end session", func(tx *Tx) error {
		ended, err := tx.endSessions(`token = ?`, hash)
		tx.countEnded(expiredSession, len(ended))
		return err
	})
}

// LiveSessions returns the expiry of each live session among the token hashes. A session
// is live if it exists, has not expired, and its user is not disabled.
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

// DeleteExpiredSessions deletes the expired sessions and returns their number. It also
// deletes the records of replaced sessions that have expired.
func (s *Store) DeleteExpiredSessions(ctx context.Context, now time.Time) (int64, error) {
	if _, err := s.DeleteOld(ctx, "delete replaced sessions", "replaced", "token", `"expiresAt"`, now); err != nil {
		return 0, err
	}
	n, err := s.DeleteOld(ctx, "delete expired sessions", "session", "id", `"expiresAt"`, now)
	s.metrics.ended.WithLabelValues(expiredSession).Add(float64(n))
	return n, err
}
