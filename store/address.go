package store

import (
	"context"
	"errors"
	"time"
)

// UndoFor is how long a change of address can be undone. During that time the old address
// is reserved for the user.
const UndoFor = 7 * 24 * time.Hour

// AddressFree reports whether a new account may have the address: no user has it, and it is
// not reserved for one.
func (s *Store) AddressFree(ctx context.Context, email string, now time.Time) (free bool, err error) {
	err = s.Call(ctx, "address free", func(ctx context.Context) error {
		var taken int
		err := s.AccountRead().One(ctx, []any{&taken}, `SELECT (SELECT count(*) FROM "user" WHERE email = ?) +
			(SELECT count(*) FROM "formerAddress" WHERE email = ? AND "heldUntil" > ?)`, email, email, now)
		free = taken == 0
		return err
	})
	return free && err == nil, err
}

// requireNotHeld returns ErrConflict when the address is reserved for another user. Call it
// after the statement that gives the user this address: the unique index has then waited
// for a concurrent change of address, and the reservation of that change is visible.
func (tx *Tx) requireNotHeld(email, userID string, now time.Time) error {
	var held int
	err := tx.one([]any{&held}, `SELECT count(*) FROM "formerAddress" WHERE email = ? AND "userId" <> ? AND "heldUntil" > ?`, email, userID, now)
	if err == nil && held > 0 {
		return ErrConflict
	}
	return err
}

// replaceAddress gives the user a new, verified address and reserves the old one for them.
func (tx *Tx) replaceAddress(u User, email string, now time.Time) error {
	_, err := tx.exec(`UPDATE "user" SET email = ?, "emailVerified" = ?, "updatedAt" = ? WHERE id = ?`, email, true, now, u.ID)
	if err != nil {
		return err
	}
	if err := tx.requireNotHeld(email, u.ID, now); err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO "formerAddress" (email, "userId", "emailVerified", "heldUntil") VALUES (?, ?, ?, ?)`,
		u.Email, u.ID, u.EmailVerified, now.Add(UndoFor))
	return err
}

// restoreAddress gives the user an earlier address back, if it is still reserved for them,
// and returns ErrNotFound otherwise. It drops the reservations of later addresses: whoever
// had the account first is its owner, and later addresses may be a thief's.
func (tx *Tx) restoreAddress(u User, email string, now time.Time) error {
	var id int64
	var verified bool
	err := tx.one([]any{&id, &verified}, `SELECT id, "emailVerified" FROM "formerAddress"
		WHERE "userId" = ? AND email = ? AND "heldUntil" > ? ORDER BY id LIMIT 1`, u.ID, email, now)
	if errors.Is(err, ErrNotFound) && u.Email == email {
		return nil // it was not changed yet
	}
	if err != nil {
		return err
	}
	if u.Email == email {
		verified = u.EmailVerified
	}
	if _, err := tx.exec(`DELETE FROM "formerAddress" WHERE "userId" = ? AND id >= ?`, u.ID, id); err != nil {
		return err
	}
	_, err = tx.exec(`UPDATE "user" SET email = ?, "emailVerified" = ?, "updatedAt" = ? WHERE id = ?`, email, verified, now, u.ID)
	return err
}

// userByFormerAddress returns the user with this id if the address is reserved for them, or
// ErrNotFound.
func (s *Store) userByFormerAddress(ctx context.Context, id, email string) (u User, err error) {
	err = s.Call(ctx, "user by former address", func(ctx context.Context) error {
		return s.AccountRead().One(ctx, u.fields(), `SELECT `+userColumns+` FROM "user" u
			WHERE u.id = ? AND EXISTS (SELECT 1 FROM "formerAddress" f WHERE f."userId" = u.id AND f.email = ?)`, id, email)
	})
	return u, err
}

// userByHeldAddress returns the user that the address is reserved for, or ErrNotFound.
func (s *Store) userByHeldAddress(ctx context.Context, email string, now time.Time) (u User, err error) {
	err = s.Call(ctx, "user by held address", func(ctx context.Context) error {
		return s.AccountRead().One(ctx, u.fields(), `SELECT `+userColumns+` FROM "formerAddress" f JOIN "user" u ON u.id = f."userId"
			WHERE f.email = ? AND f."heldUntil" > ? ORDER BY f.id LIMIT 1`, email, now)
	})
	return u, err
}
