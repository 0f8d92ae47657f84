package store

import (
	"context"
	"strings"
	"time"

	"vestibule/store/db"
)

// Account is one way in which a user signs in.
type Account struct {
	ID         string
	AccountID  string // the provider's name for the user
	ProviderID string // "credential" for a password
	UserID     string
	Scope      string // as the provider gave it; "" for none
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// AccountsOf returns the accounts of a user, the oldest first. No password hash
// is among what it reads.
func (s *Store) AccountsOf(ctx context.Context, userID string) ([]Account, error) {
	var found []Account
	err := s.Call(ctx, "accounts of user", func(ctx context.Context) error {
		found = nil
		var a Account
		return s.Read().Each(ctx,
			[]any{&a.ID, &a.AccountID, &a.ProviderID, &a.UserID, &a.Scope, db.Instant(&a.CreatedAt), db.Instant(&a.UpdatedAt)},
			func() { found = append(found, a) },
			`SELECT id, "accountId", "providerId", "userId", COALESCE(scope, ''), "createdAt", "updatedAt"
			FROM account WHERE "userId" = ? ORDER BY "createdAt", id`, userID)
	})
	return found, err
}

// PasswordHash returns the hash of the user's password, or ErrNotFound when they
// have none.
func (s *Store) PasswordHash(ctx context.Context, userID string) (hash string, err error) {
	err = s.Call(ctx, "password of user", func(ctx context.Context) error {
		return s.Read().One(ctx, []any{&hash}, `SELECT password FROM account
			WHERE "userId" = ? AND "providerId" = 'credential' AND password IS NOT NULL`, userID)
	})
	return hash, err
}

// UserChange says what to change about a user; what is nil keeps its value.
type UserChange struct {
	Name  *string
	Image **string // a pointer to nil clears it
}

// UpdateUser changes a user and records e. It returns ErrNotFound when the user
// is gone, and ErrSessionEnded when the session that e names has ended.
func (s *Store) UpdateUser(ctx context.Context, id string, change UserChange, now time.Time, e Event) error {
	set, args := []string{`"updatedAt" = ?`}, []any{now}
	if change.Name != nil {
		set, args = append(set, `name = ?`), append(args, *change.Name)
	}
	if change.Image != nil {
		set, args = append(set, `image = ?`), append(args, *change.Image)
	}
	args = append(args, id)
	e.UserID = id
	return s.DB.Tx(ctx, "update user", func(ctx context.Context, q db.Querier) error {
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		n, err := q.Exec(ctx, `UPDATE "user" SET `+strings.Join(set, ", ")+` WHERE id = ?`, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return record(ctx, q, e)
	})
}

// PasswordChange is a new password of a user who has shown that they know the
// old one.
type PasswordChange struct {
	UserID    string
	Old, New  string  // hashes
	Session   Session // takes the place of the one with the token hash Replaces
	Replaces  string
	EndOthers bool // all other sessions end too
	At        time.Time
}

// ChangePassword does all of c or nothing, and records e. Links that were mailed to set
// a password or to change the address become useless. It returns the token
// hashes of the sessions that have ended, ErrConflict when the password is no longer
// the old one because somebody else was first, and ErrSessionEnded when the session
// that e names, which acts, has ended.
func (s *Store) ChangePassword(ctx context.Context, c PasswordChange, e Event, also ...Also) (ended []string, err error) {
	e.UserID = c.UserID
	err = s.DB.Tx(ctx, "change password", func(ctx context.Context, q db.Querier) error {
		e := e
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		n, err := q.Exec(ctx, `UPDATE account SET password = ?, "updatedAt" = ?
			WHERE "userId" = ? AND "providerId" = 'credential' AND password = ?`, c.New, c.At, c.UserID, c.Old)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrConflict
		}
		ended = []string{c.Replaces}
		if err := startSession(ctx, q, c.Session, c.Replaces); err != nil {
			return err
		}
		e.SessionID = c.Session.ID
		if err := record(ctx, q, e); err != nil {
			return err
		}
		if c.EndOthers {
			others, err := revokeAll(ctx, q, c.UserID, c.Session.TokenHash, e)
			if err != nil {
				return err
			}
			ended = append(ended, others...)
		}
		if err := deleteVerifications(ctx, q, c.UserID, PurposeReset); err != nil {
			return err
		}
		if err := dropEmailChange(ctx, q, c.UserID); err != nil {
			return err
		}
		return writeAlso(ctx, q, also, e)
	})
	return ended, err
}

// SetPassword gives the user a password whatever they had before, ends all their
// sessions and makes their outstanding links to set one useless. It records e and
// returns the token hashes of the sessions, or ErrNotFound when there is no such
// user.
func (s *Store) SetPassword(ctx context.Context, userID, hash string, now time.Time, e Event) (ended []string, err error) {
	err = s.DB.Tx(ctx, "set password", func(ctx context.Context, q db.Querier) (err error) {
		var id string
		if err := q.One(ctx, []any{&id}, `SELECT id FROM "user" WHERE id = ?`, userID); err != nil {
			return err
		}
		ended, err = replacePassword(ctx, q, userID, hash, "", now, e)
		return err
	})
	return ended, err
}

// replacePassword is SetPassword for a user that exists, within a transaction. The
// session with the token hash except stays.
func replacePassword(ctx context.Context, q db.Querier, userID, hash, except string, now time.Time, e Event) (ended []string, err error) {
	if err := setPassword(ctx, q, userID, hash, now); err != nil {
		return nil, err
	}
	if err := deleteVerifications(ctx, q, userID, PurposeReset); err != nil {
		return nil, err
	}
	e.UserID = userID
	if err := record(ctx, q, e); err != nil {
		return nil, err
	}
	return revokeAll(ctx, q, userID, except, e)
}

// setPassword gives a user the account of a password, or another password in it:
// there is one such account, so the user's id will do as its own.
func setPassword(ctx context.Context, q db.Querier, userID, hash string, now time.Time) error {
	_, err := q.Exec(ctx, `INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
		VALUES (?, ?, 'credential', ?, ?, ?, ?)
		ON CONFLICT ("providerId", "accountId") DO UPDATE SET password = excluded.password, "updatedAt" = excluded."updatedAt"`,
		userID, userID, userID, hash, now, now)
	return err
}

// RequestEmailChange queues two mails and records e: notice tells the user at their
// address, and m, which leaves after it, asks for the new address to be confirmed. It
// is the wish of the session that e names and dies with it; a request before it is taken
// back, as it may have been a mistyped address. It returns ErrSessionEnded when that
// session has ended.
func (s *Store) RequestEmailChange(ctx context.Context, notice, m Mail, e Event) error {
	return s.DB.Tx(ctx, "request e-mail change", func(ctx context.Context, q db.Querier) error {
		if err := requireSession(ctx, q, e); err != nil {
			return err
		}
		if err := dropEmailChange(ctx, q, m.UserID); err != nil {
			return err
		}
		notice.ID = newMailID()
		if err := queueMail(ctx, q, notice); err != nil {
			return err
		}
		m.AfterID, m.SessionID = notice.ID, e.SessionID
		if err := queueMail(ctx, q, m); err != nil {
			return err
		}
		return record(ctx, q, e)
	})
}
