package store

import (
	"context"
	"errors"
	"time"

	"vestibule/store/db"
)

// Renewal is a session that takes the place of the one with the token hash Replaces,
// which is the same user's.
type Renewal struct {
	Session  Session
	Replaces string
}

// Reset is what has come of a new password that was set by a link.
type Reset struct {
	UserID  string
	Email   string
	Ended   []string // token hashes of the sessions that have ended
	Renewed bool     // the renewal has happened
}

// ResetPassword sets the password of the user whom the link with the token hash was
// sent to, and makes their address a verified one: whoever reads its mail has chosen
// the password. All their sessions end, but for the one that renew names, if it is
// not nil and the session is still alive. Their other reset links become useless, and e
// is recorded. It returns ErrNotFound, having changed nothing, for a link that was
// never made, was used, has expired by now, or was sent to an address that is no
// longer the user's.
func (s *Store) ResetPassword(ctx context.Context, tokenHash, passwordHash string, now time.Time, renew *Renewal, e Event, also ...Also) (r Reset, err error) {
	err = s.DB.Tx(ctx, "reset password", func(ctx context.Context, q db.Querier) error {
		l, err := followLink(ctx, q, tokenHash, now, PurposeReset)
		if err != nil {
			return err
		}
		r = Reset{UserID: l.UserID, Email: l.Email}
		except := ""
		if renew != nil {
			err := holdSession(ctx, q, `token = ?`, renew.Replaces, l.UserID, now)
			if err == nil {
				r.Renewed, except = true, renew.Session.TokenHash
				err = startSession(ctx, q, renew.Session, renew.Replaces)
			}
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		if r.Ended, err = replacePassword(ctx, q, l.UserID, passwordHash, except, now, e); err != nil {
			return err
		}
		if err := verifyAddress(ctx, q, l.UserID, now); err != nil {
			return err
		}
		return writeAlso(ctx, q, also, Event{UserID: l.UserID, Email: l.Email})
	})
	return r, err
}

func verifyAddress(ctx context.Context, q db.Querier, userID string, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE "user" SET "emailVerified" = ?, "updatedAt" = ? WHERE id = ?`, true, now, userID)
	return err
}

// Proof shows that whoever follows a link also has the account: that they read the
// mail to an address does not show that the account's password is theirs. One of the
// fields is set.
type Proof struct {
	Session     string // the token hash of a session of the user
	Password    string // the hash of the password that they have given, as it is stored
	NewPassword string // the hash of a password that takes the place of theirs; not for a change of address
}

// ErrUnproven is returned for a link whose Proof does not hold.
var ErrUnproven = db.NewError("not proven to be the user's own")

// Verified is what has come of a link that verifies an address.
type Verified struct {
	User     User
	Replaced string   // the address before, if it was changed now
	Ended    []string // token hashes of the sessions that have ended
	Already  bool     // it had been done before; nothing has changed now
}

// VerifyEmail does what the link with the token hash is for: it makes the address
// that it was sent to a verified one, after it has made it the user's own if the link
// is to change it. Then links to the address before become useless, and it is kept for
// the user for UndoFor. It records e. It returns ErrNotFound like ResetPassword,
// also when the session that has asked for the change has ended; ErrUnproven; and
// ErrConflict when somebody else has the new address by now.
func (s *Store) VerifyEmail(ctx context.Context, tokenHash string, proof Proof, now time.Time, e Event) (v Verified, err error) {
	err = s.DB.Tx(ctx, "verify e-mail", func(ctx context.Context, q db.Querier) error {
		l, err := followLink(ctx, q, tokenHash, now, PurposeVerify, PurposeChange)
		if err != nil {
			return err
		}
		v = Verified{User: l.User, Already: l.Done()}
		if v.Already {
			return nil
		}
		e.UserID = l.UserID
		if v.Ended, err = prove(ctx, q, l, proof, now, e); err != nil {
			return err
		}
		if l.Purpose == PurposeChange {
			v.Replaced = l.Email
			err = changeAddress(ctx, q, l, now, e)
		} else if err = verifyAddress(ctx, q, l.UserID, now); err == nil {
			err = record(ctx, q, e)
		}
		if err != nil {
			return err
		}
		return q.One(ctx, v.User.fields(), `SELECT `+userColumns+` FROM "user" u WHERE u.id = ?`, l.UserID)
	})
	return v, err
}

func prove(ctx context.Context, q db.Querier, l Link, proof Proof, now time.Time, e Event) (ended []string, err error) {
	switch {
	case proof.Session != "":
		err = holdSession(ctx, q, `token = ?`, proof.Session, l.UserID, now)
	case proof.Password != "":
		err = IfPassword(proof.Password)(ctx, q, e)
	case proof.NewPassword != "" && l.Purpose == PurposeVerify:
		e.Type = EventPasswordReset
		if ended, err = replacePassword(ctx, q, l.UserID, proof.NewPassword, "", now, e); err != nil {
			return nil, err
		}
		return ended, queueMail(ctx, q, Mail{Kind: MailPasswordChanged, Recipient: l.Email, UserID: l.UserID, CreatedAt: now, DueAt: now})
	default:
		err = ErrUnproven
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		err = ErrUnproven
	}
	return nil, err
}

func changeAddress(ctx context.Context, q db.Querier, l Link, now time.Time, e Event) error {
	if err := replaceAddress(ctx, q, l.User, l.NewEmail, now); err != nil {
		return err
	}
	// The link no longer dies with its session: whoever follows it again is told that
	// it is done.
	if _, err := q.Exec(ctx, `UPDATE verification SET "usedAt" = ?, "sessionId" = NULL WHERE id = ?`, now, l.ID); err != nil {
		return err
	}
	if err := deleteVerifications(ctx, q, l.UserID, PurposeReset, PurposeVerify, PurposeChange); err != nil {
		return err
	}
	undoable := now.Add(UndoFor)
	_, err := q.Exec(ctx, `UPDATE verification SET "expiresAt" = ? WHERE "userId" = ? AND identifier LIKE ? AND value = ? AND "expiresAt" < ?`,
		undoable, l.UserID, PurposeUndo+":%", l.Email, undoable)
	if err != nil {
		return err
	}
	e.Type, e.Email = EventEmailChanged, l.Email
	if err := record(ctx, q, e); err != nil {
		return err
	}
	return queueMail(ctx, q, Mail{Kind: MailEmailChanged, Recipient: l.Email, UserID: l.UserID, CreatedAt: now, DueAt: now})
}

// Undone is what has come of a link that undoes a change of address.
type Undone struct {
	User    User
	Ended   []string // token hashes of the sessions that have ended
	Already bool     // it had been done before; nothing has changed now
}

// UndoEmailChange stops a change of the address that the link with the token hash was
// sent to, or undoes it, whatever the user's address is by now. All their sessions end
// and all their links die but those to addresses that were theirs earlier still. With a
// hash the user gets that password, and otherwise a mail with a link to set one:
// whoever has asked for the change may know theirs. It records e. It returns
// ErrNotFound for a link that is of no use any more; one that was used is one only for
// somebody who brings a password.
func (s *Store) UndoEmailChange(ctx context.Context, tokenHash, passwordHash string, now time.Time, e Event) (u Undone, err error) {
	err = s.DB.Tx(ctx, "undo e-mail change", func(ctx context.Context, q db.Querier) error {
		l, err := followLink(ctx, q, tokenHash, now, PurposeUndo)
		if err != nil {
			return err
		}
		u = Undone{User: l.User, Already: l.Done()}
		switch {
		case u.Already && passwordHash != "":
			return ErrNotFound
		case u.Already:
			return nil
		}
		e.UserID = l.UserID
		if e.Email = l.User.Email; e.Email == l.Email {
			e.Email = "" // it was not changed
		}
		if err := restoreAddress(ctx, q, l.User, l.Email, now); err != nil {
			return err
		}
		if err := record(ctx, q, e); err != nil {
			return err
		}
		if err := dropEmailChange(ctx, q, l.UserID); err != nil {
			return err
		}
		if err := deleteVerifications(ctx, q, l.UserID, PurposeReset, PurposeVerify); err != nil {
			return err
		}
		if err := markUsed(ctx, q, l.UserID, PurposeUndo, l.Email, now); err != nil {
			return err
		}
		if u.Ended, err = secure(ctx, q, l, passwordHash, now, e); err != nil {
			return err
		}
		return q.One(ctx, u.User.fields(), `SELECT `+userColumns+` FROM "user" u WHERE u.id = ?`, l.UserID)
	})
	return u, err
}

// secure ends the sessions of a user whose account somebody else may have had, and
// lets the owner of the address choose the password.
func secure(ctx context.Context, q db.Querier, l Link, passwordHash string, now time.Time, e Event) (ended []string, err error) {
	m := Mail{Kind: MailReset, Recipient: l.Email, CreatedAt: now, DueAt: now}
	if passwordHash == "" {
		if ended, err = revokeAll(ctx, q, l.UserID, "", e); err != nil {
			return nil, err
		}
		return ended, queueMail(ctx, q, m)
	}
	e.Type = EventPasswordReset
	if ended, err = replacePassword(ctx, q, l.UserID, passwordHash, "", now, e); err != nil {
		return nil, err
	}
	if err := verifyAddress(ctx, q, l.UserID, now); err != nil {
		return nil, err
	}
	m.Kind, m.UserID = MailPasswordChanged, l.UserID
	return ended, queueMail(ctx, q, m)
}
