package store

import (
	"context"
	"errors"
	"time"
)

// UndoFor is how long a change of address can be undone. As long nobody else may
// take the address that was replaced.
const UndoFor = 7 * 24 * time.Hour

// AddressFree reports whether an account may have the address: no user has it, and
// none can still get it back.
func (s *Store) AddressFree(ctx context.Context, email string, now time.Time) (free bool, err error) {
	err = s.Call(ctx, "address free", func(ctx context.Context) error {
		var taken int
		err := s.Read().One(ctx, []any{&taken}, `SELECT (SELECT count(*) FROM "user" WHERE email = ?) +
			(SELECT count(*) FROM "formerAddress" WHERE email = ? AND "heldUntil" > ?)`, email, email, now)
		free = taken == 0
		return err
	})
	return free && err == nil, err
}

// requireNotHeld returns ErrConflict when the address, which the user has been given in
// this transaction, is kept for somebody else. It must come after that write: the
// unique index has then waited for a change of address that was under way, and the
// row that this change has left is seen.
func (tx *Tx) requireNotHeld(email, userID string, now time.Time) error {
	var held int
	err := tx.one([]any{&held}, `SELECT count(*) FROM "formerAddress" WHERE email = ? AND "userId" <> ? AND "heldUntil" > ?`, email, userID, now)
	if err == nil && held > 0 {
		return ErrConflict
	}
	return err
}

// replaceAddress gives the user another address, which is theirs, and keeps the one
// before for them.
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

// restoreAddress gives the user an address back that they had before, if it is still
// kept for them, and otherwise returns ErrNotFound. What came after it is forgotten:
// who has had the account longest is its owner, and links to later addresses may be
// those of a thief.
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

// userByFormerAddress returns the user for whom an address is kept that they had
// before, or ErrNotFound.
func (s *Store) userByFormerAddress(ctx context.Context, id, email string) (u User, err error) {
	err = s.Call(ctx, "user by former address", func(ctx context.Context) error {
		return s.Read().One(ctx, u.fields(), `SELECT `+userColumns+` FROM "user" u
			WHERE u.id = ? AND EXISTS (SELECT 1 FROM "formerAddress" f WHERE f."userId" = u.id AND f.email = ?)`, id, email)
	})
	return u, err
}

// userByHeldAddress returns the user for whom an address is kept from others, or
// ErrNotFound.
func (s *Store) userByHeldAddress(ctx context.Context, email string, now time.Time) (u User, err error) {
	err = s.Call(ctx, "user by held address", func(ctx context.Context) error {
		return s.Read().One(ctx, u.fields(), `SELECT `+userColumns+` FROM "formerAddress" f JOIN "user" u ON u.id = f."userId"
			WHERE f.email = ? AND f."heldUntil" > ? ORDER BY f.id LIMIT 1`, email, now)
	})
	return u, err
}
