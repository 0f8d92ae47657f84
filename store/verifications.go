package store

import (
	"context"
	"strings"
	"time"
)

// What a link is good for. A link to a new address verifies that address, so its
// purpose is PurposeVerify too.
const (
	PurposeReset  = "reset-password"
	PurposeVerify = "verify-email"
)

// Verification is a link that was sent by mail.
type Verification struct {
	ID        string // the mail's
	Purpose   string // Purpose…
	TokenHash string // lower-case hex SHA-256 of the token, which is never stored
	UserID    string
	Email     string // the user's address when the link was made; it is good for that one
	NewEmail  string // the address to be made theirs; "" for none
	CreatedAt time.Time
	ExpiresAt time.Time
}

// In Better Auth's columns: identifier is purpose:hash, and value the address and
// the new one, separated by a space, which no address has.
func (v Verification) identifier() string { return v.Purpose + ":" + v.TokenHash }

func (v Verification) value() string { return strings.TrimRight(v.Email+" "+v.NewEmail, " ") }

// PutVerification stores a link. A link of the same mail is replaced: it was not
// sent.
func (s *Store) PutVerification(ctx context.Context, v Verification) error {
	return s.tx(ctx, "put verification", func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO verification (id, identifier, value, "userId", "expiresAt", "createdAt", "updatedAt")
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET identifier = excluded.identifier, value = excluded.value, "userId" = excluded."userId",
				"expiresAt" = excluded."expiresAt", "updatedAt" = excluded."updatedAt"`,
			v.ID, v.identifier(), v.value(), v.UserID, v.ExpiresAt, v.CreatedAt, v.CreatedAt)
		return err
	})
}

const verificationColumns = `id, value, "userId", "createdAt", "expiresAt"`

// VerificationByToken returns the link with the token hash, an expired one too, or
// ErrNotFound.
func (s *Store) VerificationByToken(ctx context.Context, purpose, tokenHash string) (v Verification, err error) {
	err = s.call(ctx, "verification by token", func(ctx context.Context) (err error) {
		v, err = readVerification(ctx, querier{s.read}, `SELECT `+verificationColumns+` FROM verification
			WHERE identifier = ? AND "userId" IS NOT NULL`, purpose, tokenHash)
		return err
	})
	return v, err
}

// takeVerification is VerificationByToken that deletes what it returns: of two who
// come with one link at once, one gets it.
func takeVerification(ctx context.Context, q querier, purpose, tokenHash string) (Verification, error) {
	return readVerification(ctx, q, `DELETE FROM verification
		WHERE identifier = ? AND "userId" IS NOT NULL RETURNING `+verificationColumns, purpose, tokenHash)
}

func readVerification(ctx context.Context, q querier, query, purpose, tokenHash string) (Verification, error) {
	v := Verification{Purpose: purpose, TokenHash: tokenHash}
	var value string
	err := q.one(ctx, []any{&v.ID, &value, &v.UserID, instant{&v.CreatedAt}, instant{&v.ExpiresAt}}, query, v.identifier())
	if err != nil {
		return Verification{}, err
	}
	v.Email, v.NewEmail, _ = strings.Cut(value, " ")
	return v, nil
}

// deleteVerifications makes the outstanding links of a user useless.
func deleteVerifications(ctx context.Context, q querier, userID string, purposes ...string) error {
	for _, purpose := range purposes {
		if _, err := q.exec(ctx, `DELETE FROM verification WHERE "userId" = ? AND identifier LIKE ?`, userID, purpose+":%"); err != nil {
			return err
		}
	}
	return nil
}

// DeleteExpiredVerifications deletes the links that have expired by now, and
// returns how many there were.
func (s *Store) DeleteExpiredVerifications(ctx context.Context, now time.Time) (n int64, err error) {
	err = s.tx(ctx, "delete expired verifications", func(ctx context.Context, q querier) (err error) {
		n, err = q.exec(ctx, `DELETE FROM verification WHERE "expiresAt" <= ?`, now)
		return err
	})
	return n, err
}
