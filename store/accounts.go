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

// AccountsOf returns the accounts of a user, the oldest first. It reads no password hash.
func (s *Store) AccountsOf(ctx context.Context, userID string) ([]Account, error) {
	var found []Account
	err := s.Call(ctx, "accounts of user", func(ctx context.Context) error {
		found = nil
		var a Account
		return s.AccountRead().Each(ctx,
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
		return s.AccountRead().One(ctx, []any{&hash}, `SELECT password FROM account
			WHERE "userId" = ? AND "providerId" = 'credential' AND password IS NOT NULL`, userID)
	})
	return hash, err
}

// UserChange says what to change about a user. A nil field keeps its value.
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

// RequirePassword returns ErrConflict unless hash is still the hash of the user's
// password. It is needed because verifying takes time: the password may be changed
// meanwhile, and the change must not leave the session of an older sign-in alive.
func (tx *Tx) RequirePassword(userID, hash string) error {
	// This is a write because it needs the lock: it waits for a change of the password
	// in progress, and a later change will see the session.
	n, err := tx.exec(`UPDATE account SET password = password
		WHERE "userId" = ? AND "providerId" = 'credential' AND password = ?`, userID, hash)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// SetPassword sets the user's password, whether or not they had one, and deletes their
// links for setting one. It returns ErrNoUser when there is no such user.
func (tx *Tx) SetPassword(userID, hash string, now time.Time) error {
	if err := tx.writePassword(userID, hash, now); err != nil {
		return err
	}
	return tx.deleteLinks(userID, PurposeReset)
}

// writePassword creates the user's password account, or replaces the password in it. A
// user has at most one such account, so the account has the user's id.
func (tx *Tx) writePassword(userID, hash string, now time.Time) error {
	_, err := tx.exec(`INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
		VALUES (?, ?, 'credential', ?, ?, ?, ?)
		ON CONFLICT ("providerId", "accountId") DO UPDATE SET password = excluded.password, "updatedAt" = excluded."updatedAt"`,
		userID, userID, userID, hash, now, now)
	return err
}

// ResetPassword is SetPassword for somebody who has not proven the old password. It ends
// all sessions of the user, except the one with the token hash except, which may be "".
// It records e, and returns ErrNoUser like SetPassword.
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

// RequestEmailChange queues two mails and records e. notice goes to the user's address.
// m is sent after it and asks the new address for confirmation. The request is deleted
// when the session that e names ends. It replaces an earlier request, which may have been
// for a mistyped address.
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
