package store

import (
	"context"
	"errors"
	"time"
)

// ResetPassword uses the link with the token hash up: it sets the password of the
// user whom the link was sent to, ends all their sessions, makes their other
// reset links useless and records e. It returns the user and the token hashes of
// the sessions. It returns ErrNotFound, having changed nothing, for a link that
// was never made, was used, has expired by now, or was sent to an address that is
// no longer the user's.
func (s *Store) ResetPassword(ctx context.Context, tokenHash, passwordHash string, now time.Time, e Event, also ...Also) (userID string, ended []string, err error) {
	err = s.tx(ctx, "reset password", func(ctx context.Context, q querier) error {
		v, err := takeLive(ctx, q, PurposeReset, tokenHash, now)
		if err != nil {
			return err
		}
		userID = v.UserID
		if ended, err = replacePassword(ctx, q, v.UserID, passwordHash, now, e); err != nil {
			return err
		}
		return writeAlso(ctx, q, also, Event{UserID: v.UserID, Email: v.Email})
	})
	return userID, ended, err
}

// VerifyEmail uses the link with the token hash up. A link to a new address makes
// it the user's own, and their links to the old one useless; either kind makes
// the address a verified one. It records e and returns the user as they are now,
// and the address that was replaced, if one was. It returns ErrNotFound like
// ResetPassword, and ErrConflict when somebody else has the new address by now.
func (s *Store) VerifyEmail(ctx context.Context, tokenHash string, now time.Time, e Event) (u User, replaced string, err error) {
	err = s.tx(ctx, "verify e-mail", func(ctx context.Context, q querier) error {
		v, err := takeLive(ctx, q, PurposeVerify, tokenHash, now)
		if errors.Is(err, ErrNotFound) {
			v, err = takeLive(ctx, q, PurposeChange, tokenHash, now)
		}
		if err != nil {
			return err
		}
		e.UserID = v.UserID
		address := v.Email
		if v.Purpose == PurposeChange {
			address, replaced = v.NewEmail, v.Email
			e.Type, e.Email = EventEmailChanged, v.Email
			if err := deleteVerifications(ctx, q, v.UserID, PurposeReset, PurposeVerify, PurposeChange); err != nil {
				return err
			}
		}
		_, err = q.exec(ctx, `UPDATE "user" SET email = ?, "emailVerified" = ?, "updatedAt" = ? WHERE id = ?`, address, true, now, v.UserID)
		if err != nil {
			return err
		}
		if err := record(ctx, q, e); err != nil {
			return err
		}
		if replaced != "" {
			if err := queueMail(ctx, q, Mail{Kind: MailEmailChanged, Recipient: replaced, UserID: v.UserID, CreatedAt: now, DueAt: now}); err != nil {
				return err
			}
		}
		return q.one(ctx, u.fields(), `SELECT `+userColumns+` FROM "user" u WHERE u.id = ?`, v.UserID)
	})
	return u, replaced, err
}

// takeLive takes a verification that is still good for something.
func takeLive(ctx context.Context, q querier, purpose, tokenHash string, now time.Time) (Verification, error) {
	v, err := takeVerification(ctx, q, purpose, tokenHash)
	if err != nil {
		return Verification{}, err
	}
	var email string
	var disabled *time.Time
	err = q.one(ctx, []any{&email, nullInstant{&disabled}}, `SELECT email, "disabledAt" FROM "user" WHERE id = ?`, v.UserID)
	switch {
	case err != nil:
		return Verification{}, err
	case !now.Before(v.ExpiresAt), email != v.Email, disabled != nil:
		return Verification{}, ErrNotFound
	}
	return v, nil
}
