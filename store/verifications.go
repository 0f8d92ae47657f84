package store

import (
	"context"
	"strings"
	"time"
)

// What a link is good for.
const (
	PurposeReset  = "reset-password"
	PurposeVerify = "verify-email"
	PurposeChange = "change-email" // to make NewEmail the user's address
)

// Verification is a link that was sent by mail.
type Verification struct {
	ID        string // of the mail that the link is in
	Purpose   string // Purpose…
	TokenHash string // lower-case hex SHA-256 of the token, which is never stored
	UserID    string
	Email     string // the user's address when the link was made; it is good for that one
	NewEmail  string // with PurposeChange, the address to be made theirs
	CreatedAt time.Time
	ExpiresAt time.Time
}

// In Better Auth's columns: identifier is purpose:hash, and value the address and
// the new one, separated by a space, which no address has.
func (v Verification) identifier() string { return v.Purpose + ":" + v.TokenHash }

func (v Verification) value() string { return strings.TrimRight(v.Email+" "+v.NewEmail, " ") }

// PutVerification stores the link of a mail that is being sent. A link that the same
// mail had before is replaced: it was not sent. It returns ErrNotFound when the mail
// has been taken back meanwhile.
func (s *Store) PutVerification(ctx context.Context, v Verification) error {
	return s.tx(ctx, "put verification", func(ctx context.Context, q querier) error {
		// The lock on the mail's row keeps whoever takes it back waiting, so that they
		// see this link.
		n, err := q.exec(ctx, `UPDATE mail SET attempts = attempts WHERE id = ?`, v.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		_, err = q.exec(ctx, `INSERT INTO verification (id, identifier, value, "userId", "expiresAt", "createdAt", "updatedAt")
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

// dropEmailChange takes back what was asked for with /change-email and has not been
// confirmed, be it mailed or still to be: the session that asked for it may have been
// a thief's.
func dropEmailChange(ctx context.Context, q querier, userID string) error {
	// The mails first: see PutVerification.
	if _, err := q.exec(ctx, `DELETE FROM mail WHERE "userId" = ? AND kind = ?`, userID, MailChange); err != nil {
		return err
	}
	return deleteVerifications(ctx, q, userID, PurposeChange)
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
