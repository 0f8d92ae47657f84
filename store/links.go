package store

import (
	"context"
	"strings"
	"time"

	"vestibule/store/db"
)

// The purposes of links.
const (
	PurposeReset  = "reset-password"
	PurposeVerify = "verify-email"
	PurposeChange = "change-email" // makes NewEmail the user's address
	PurposeUndo   = "undo-email"   // stops or undoes a change of the address
)

// Verification is a link that was sent by mail.
type Verification struct {
	ID        string // of the mail that contains the link
	Purpose   string // Purpose…
	TokenHash string // lower-case hex SHA-256 of the token, which is never stored
	UserID    string
	SessionID string // with PurposeChange, the session that requested it; the link ends with it
	Email     string // the user's address when the link was created, the only one it works for
	NewEmail  string // with PurposeChange, the new address
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time // when it was used; nil: not yet
}

// In Better Auth's columns, identifier is purpose:hash. value is the address and the new
// address, separated by a space, which no address contains.
func (v Verification) identifier() string { return v.Purpose + ":" + v.TokenHash }

func (v Verification) value() string { return strings.TrimRight(v.Email+" "+v.NewEmail, " ") }

// PutVerification stores the link of a mail that is about to be sent. It replaces the link
// of an earlier attempt to send this mail. It returns ErrNotFound when the mail has been
// cancelled, or when the session that requested it has ended.
func (s *Store) PutVerification(ctx context.Context, v Verification) error {
	return s.Tx(ctx, "put verification", func(tx *Tx) error {
		// The session is locked first: code that ends a session locks it before its mails.
		if v.Purpose == PurposeChange {
			if err := tx.holdSession(v.SessionID, v.UserID, v.CreatedAt); err != nil {
				return err
			}
		}
		// The lock on the mail's row makes a transaction that cancels the mail wait, so
		// that it also deletes this link.
		if err := tx.change(`UPDATE mail SET attempts = attempts WHERE id = ?`, v.ID); err != nil {
			return err
		}
		_, err := tx.exec(`INSERT INTO verification (id, identifier, value, "userId", "sessionId", "expiresAt", "createdAt", "updatedAt")
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET identifier = excluded.identifier, value = excluded.value, "userId" = excluded."userId",
				"sessionId" = excluded."sessionId", "expiresAt" = excluded."expiresAt", "updatedAt" = excluded."updatedAt"`,
			v.ID, v.identifier(), v.value(), v.UserID, nullable(v.SessionID), v.ExpiresAt, v.CreatedAt, v.CreatedAt)
		return err
	})
}

// Link is a link together with the present state of its user.
type Link struct {
	Verification
	User User
}

// Done reports whether the link was used and its effect still holds.
func (l Link) Done() bool {
	switch l.Purpose {
	case PurposeVerify:
		return l.User.Email == l.Email && l.User.EmailVerified
	case PurposeChange:
		return l.UsedAt != nil && l.User.Email == l.NewEmail
	case PurposeUndo:
		return l.UsedAt != nil
	}
	return false
}

// Good reports whether the link may still be followed: it can still have its effect, or it
// is Done.
func (l Link) Good(now time.Time) bool {
	if !now.Before(l.ExpiresAt) || l.User.DisabledAt != nil {
		return false
	}
	return l.Done() || l.UsedAt == nil && (l.User.Email == l.Email || l.Purpose == PurposeUndo)
}

// LinkByToken returns the link with the token hash and one of the purposes, also when it is
// no longer Good, or ErrNotFound.
func (s *Store) LinkByToken(ctx context.Context, tokenHash string, purposes ...string) (l Link, err error) {
	err = s.Call(ctx, "link by token", func(ctx context.Context) (err error) {
		l, err = readLink(ctx, s.AccountRead(), tokenHash, purposes)
		return err
	})
	return l, err
}

func readLink(ctx context.Context, q db.Querier, tokenHash string, purposes []string) (l Link, err error) {
	var identifiers []any
	for _, purpose := range purposes {
		identifiers = append(identifiers, Verification{Purpose: purpose, TokenHash: tokenHash}.identifier())
	}
	var identifier, value string
	err = q.One(ctx, append([]any{&l.ID, &identifier, &value, &l.SessionID, db.Instant(&l.CreatedAt), db.Instant(&l.ExpiresAt), db.NullInstant(&l.UsedAt)}, l.User.fields()...),
		`SELECT v.id, v.identifier, v.value, COALESCE(v."sessionId", ''), v."createdAt", v."expiresAt", v."usedAt", `+userColumns+`
		FROM verification v JOIN "user" u ON u.id = v."userId"
		WHERE v.identifier IN (?`+strings.Repeat(", ?", len(identifiers)-1)+`)`, identifiers...)
	if err != nil {
		return Link{}, err
	}
	l.Purpose, l.TokenHash, _ = strings.Cut(identifier, ":")
	l.Email, l.NewEmail, _ = strings.Cut(value, " ")
	l.UserID = l.User.ID
	return l, nil
}

// FollowLink is LinkByToken for links that are Good, and returns ErrNotFound for others. It
// locks the user's row, so that links of one user are followed one after the other.
func (tx *Tx) FollowLink(tokenHash string, now time.Time, purposes ...string) (Link, error) {
	l, err := readLink(tx.ctx, tx.q, tokenHash, purposes)
	if err != nil {
		return Link{}, err
	}
	if _, err := tx.exec(`UPDATE "user" SET "updatedAt" = "updatedAt" WHERE id = ?`, l.UserID); err != nil {
		return Link{}, err
	}
	if l.Purpose == PurposeChange && l.UsedAt == nil {
		if err := tx.holdSession(l.SessionID, l.UserID, now); err != nil {
			return Link{}, err
		}
	}
	if l, err = readLink(tx.ctx, tx.q, tokenHash, purposes); err != nil {
		return Link{}, err
	}
	if !l.Good(now) {
		return Link{}, ErrNotFound
	}
	return l, nil
}

// markUsed marks the user's links with this purpose and value as used.
func (tx *Tx) markUsed(userID, purpose, value string, now time.Time) error {
	_, err := tx.exec(`UPDATE verification SET "usedAt" = ?, "updatedAt" = ?
		WHERE "userId" = ? AND identifier LIKE ? AND value = ? AND "usedAt" IS NULL`, now, now, userID, purpose+":%", value)
	return err
}

// deleteLinks deletes the user's unused links with the purposes.
func (tx *Tx) deleteLinks(userID string, purposes ...string) error {
	for _, purpose := range purposes {
		if _, err := tx.exec(`DELETE FROM verification WHERE "userId" = ? AND identifier LIKE ? AND "usedAt" IS NULL`, userID, purpose+":%"); err != nil {
			return err
		}
	}
	return nil
}

// DropEmailChange cancels an unconfirmed request of /change-email, whether or not its mail
// was sent. The session that made it may have been a thief's.
func (tx *Tx) DropEmailChange(userID string) error {
	// The mails come first, in the order of PutVerification.
	if _, err := tx.exec(`DELETE FROM mail WHERE "userId" = ? AND kind = ?`, userID, MailChange); err != nil {
		return err
	}
	return tx.deleteLinks(userID, PurposeChange)
}

// DeleteExpiredVerifications deletes the expired links, and the former addresses that are
// no longer reserved. It returns the number of links.
func (s *Store) DeleteExpiredVerifications(ctx context.Context, now time.Time) (n int64, err error) {
	if n, err = s.DeleteOld(ctx, "delete expired verifications", "verification", "id", `"expiresAt"`, now); err != nil {
		return n, err
	}
	_, err = s.DeleteOld(ctx, "delete former addresses", `"formerAddress"`, "id", `"heldUntil"`, now)
	return n, err
}
