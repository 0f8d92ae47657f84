package store

import (
	"context"
	"time"

	"vestibule/store/db"
)

// User is somebody with an account.
type User struct {
	ID            string // usr_…
	Name          string
	Email         string // unique; lower-cased by the caller
	EmailVerified bool
	Image         *string // URL of a picture
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DisabledAt    *time.Time // when the user was disabled; nil: may sign in
}

const userColumns = `u.id, u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt", u."disabledAt"`

func (u *User) fields() []any {
	return []any{&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, db.Instant(&u.CreatedAt), db.Instant(&u.UpdatedAt), db.NullInstant(&u.DisabledAt)}
}

// CreateUser creates a user with a password. It returns ErrConflict when a user has the
// address, or when it is reserved for a user who has changed theirs.
func (tx *Tx) CreateUser(u User, passwordHash string) error {
	_, err := tx.exec(`INSERT INTO "user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt")
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Name, u.Email, u.EmailVerified, u.Image, u.CreatedAt, u.UpdatedAt)
	if err != nil {
		return err
	}
	if err := tx.requireNotHeld(u.Email, u.ID, u.CreatedAt); err != nil {
		return err
	}
	return tx.writePassword(u.ID, passwordHash, u.CreatedAt)
}

// UserByID returns a user, disabled ones too, or ErrNotFound.
func (s *Store) UserByID(ctx context.Context, id string) (User, error) {
	return s.user(ctx, "user by id", `u.id = ?`, id)
}

// UserByEmail returns the user with this address, disabled ones too, or
// ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return s.user(ctx, "user by e-mail", `u.email = ?`, email)
}

func (s *Store) user(ctx context.Context, what, condition, arg string) (u User, err error) {
	err = s.Call(ctx, what, func(ctx context.Context) error {
		return s.AccountRead().One(ctx, u.fields(), `SELECT `+userColumns+` FROM "user" u WHERE `+condition, arg)
	})
	return u, err
}

// CredentialByEmail returns the user with this address and the hash of their
// password. It returns ErrNotFound also for a user who has no password.
func (s *Store) CredentialByEmail(ctx context.Context, email string) (u User, passwordHash string, err error) {
	err = s.Call(ctx, "credential by e-mail", func(ctx context.Context) error {
		return s.AccountRead().One(ctx, append(u.fields(), &passwordHash), `SELECT `+userColumns+`, a.password
			FROM "user" u JOIN account a ON a."userId" = u.id AND a."providerId" = 'credential'
			WHERE u.email = ? AND a.password IS NOT NULL`, email)
	})
	if err != nil {
		return User{}, "", err
	}
	return u, passwordHash, nil
}

// ReplacePasswordHash sets the hash of the user's password to newHash if it still is
// oldHash. If not, the password has been changed meanwhile: the change is kept and there is no error.
func (s *Store) ReplacePasswordHash(ctx context.Context, userID, oldHash, newHash string, now time.Time) error {
	return s.Tx(ctx, "replace password hash", func(tx *Tx) error {
		_, err := tx.exec(`UPDATE account SET password = ?, "updatedAt" = ?
			WHERE "userId" = ? AND "providerId" = 'credential' AND password = ?`, newHash, now, userID, oldHash)
		return err
	})
}
