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

// UpdateUser changes a user. It returns ErrNotFound when the user is gone.
func (tx *Tx) UpdateUser(id string, change UserChange, now time.Time) error {
	set, args := []string{`"updatedAt" = ?`}, []any{now}
	if change.Name != nil {
		set, args = append(set, `name = ?`), append(args, *change.Name)
	}
	if change.Image != nil {
		set, args = append(set, `image = ?`), append(args, *change.Image)
	}
	return tx.change(`UPDATE "user" SET `+strings.Join(set, ", ")+` WHERE id = ?`, append(args, id)...)
}

// RequirePassword returns ErrConflict unless the hash still is that of the user's
// password. Without it, a sign-in whose password was changed while it was verified would
// leave a session behind that the change was meant to end.
func (tx *Tx) RequirePassword(userID, hash string) error {
	// A write, for its lock: a change that is under way is waited for, and one that
	// comes later finds the session.
	n, err := tx.exec(`UPDATE account SET password = password
		WHERE "userId" = ? AND "providerId" = 'credential' AND password = ?`, userID, hash)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// SetPassword gives the user a password whatever they had before, and makes the links
// useless that were mailed to set one. It returns ErrNoUser when there is no such user.
func (tx *Tx) SetPassword(userID, hash string, now time.Time) error {
	if err := tx.writePassword(userID, hash, now); err != nil {
		return err
	}
	return tx.deleteLinks(userID, PurposeReset)
}

// writePassword gives a user the account of a password, or another password in it:
// there is one such account, so the user's id will do as its own.
func (tx *Tx) writePassword(userID, hash string, now time.Time) error {
	_, err := tx.exec(`INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
		VALUES (?, ?, 'credential', ?, ?, ?, ?)
		ON CONFLICT ("providerId", "accountId") DO UPDATE SET password = excluded.password, "updatedAt" = excluded."updatedAt"`,
		userID, userID, userID, hash, now, now)
	return err
}

// ResetPassword is SetPassword for somebody who has not shown that they know the one
// before: all sessions of the user end, but for the one with the token hash except, which
// may be "". It records e, and returns ErrNoUser like SetPassword.
func (tx *Tx) ResetPassword(userID, hash, except string, e Event) error {
	if err := tx.SetPassword(userID, hash, e.At); err != nil {
		return err
	}
	e.UserID = userID
	if err := tx.Record(e); err != nil {
		return err
	}
	return tx.RevokeSessions(userID, except, e)
}

// RequestEmailChange queues two mails and records e: notice tells the user at their
// address, and m, which leaves after it, asks for the new address to be confirmed. It
// is the wish of the session that e names and dies with it; a request before it is taken
// back, as it may have been a mistyped address.
func (tx *Tx) RequestEmailChange(notice, m Mail, e Event) error {
	if err := tx.DropEmailChange(m.UserID); err != nil {
		return err
	}
	notice.ID = newMailID()
	if err := tx.QueueMail(notice); err != nil {
		return err
	}
	m.AfterID, m.SessionID = notice.ID, e.SessionID
	if err := tx.QueueMail(m); err != nil {
		return err
	}
	return tx.Record(e)
}
