package store

import (
	"errors"
	"time"

	"vestibule/store/db"
)

// VerifyAddress marks the user's address as verified.
func (tx *Tx) VerifyAddress(userID string, now time.Time) error {
	_, err := tx.exec(`UPDATE "user" SET "emailVerified" = ?, "updatedAt" = ? WHERE id = ?`, true, now, userID)
	return err
}

// Proof shows that the person who follows a link owns the account. Reading the mail is not
// enough: somebody else may have signed up with that address and chosen the password. One
// of the fields is set.
type Proof struct {
	Session     string // the id of a session of the user
	Password    string // the stored hash, after the password that was given matched it
	NewPassword string // the hash of a password that replaces the old one; not for a change of address
}

// ErrUnproven is returned for a link whose Proof is missing or wrong.
var ErrUnproven = db.NewError("the account is not proven to be the user's own")

// Verified is the result of a link that verifies an address.
type Verified struct {
	User     User
	Replaced string // the former address, if this call has changed it
	Already  bool   // an earlier call has done it; this one has changed nothing
}

// VerifyEmail follows the link with the token hash and marks the address that it was sent
// to as verified. A link that changes the address first makes it the user's address: then
// links to the old address are deleted, and the old address stays reserved for the user for
// UndoFor. It records e.
//
// It returns ErrNotFound like FollowLink, and also when the session that has requested the
// change has ended; ErrUnproven; and ErrConflict when another user has the new address.
func (tx *Tx) VerifyEmail(tokenHash string, proof Proof, e Event) (v Verified, err error) {
	l, err := tx.FollowLink(tokenHash, e.At, PurposeVerify, PurposeChange)
	if err != nil {
		return v, err
	}
	v = Verified{User: l.User, Already: l.Done()}
	if v.Already {
		return v, nil
	}
	e.UserID = l.UserID
	if err := tx.prove(l, proof, e); err != nil {
		return v, err
	}
	if l.Purpose == PurposeChange {
		v.Replaced = l.Email
		err = tx.changeAddress(l, e)
	} else if err = tx.VerifyAddress(l.UserID, e.At); err == nil {
		err = tx.Record(e)
	}
	if err != nil {
		return v, err
	}
	return v, tx.readUser(&v.User)
}

func (tx *Tx) readUser(u *User) error {
	return tx.one(u.fields(), `SELECT `+userColumns+` FROM "user" u WHERE u.id = ?`, u.ID)
}

func (tx *Tx) prove(l Link, proof Proof, e Event) (err error) {
	switch {
	case proof.Session != "":
		err = tx.holdSession(proof.Session, l.UserID, e.At)
	case proof.Password != "":
		err = tx.RequirePassword(l.UserID, proof.Password)
	case proof.NewPassword != "" && l.Purpose == PurposeVerify:
		e.Type = EventPasswordReset
		if err := tx.ResetPassword(l.UserID, proof.NewPassword, "", e); err != nil {
			return err
		}
		return tx.QueueMail(Mail{Kind: MailPasswordChanged, Recipient: l.Email, UserID: l.UserID, CreatedAt: e.At, DueAt: e.At})
	default:
		err = ErrUnproven
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		err = ErrUnproven
	}
	return err
}

func (tx *Tx) changeAddress(l Link, e Event) error {
	now := e.At
	if err := tx.replaceAddress(l.User, l.NewEmail, now); err != nil {
		return err
	}
	// The link no longer ends with its session: when it is followed again, the page says
	// that the address is confirmed.
	if _, err := tx.exec(`UPDATE verification SET "usedAt" = ?, "sessionId" = NULL WHERE id = ?`, now, l.ID); err != nil {
		return err
	}
	if err := tx.deleteLinks(l.UserID, PurposeReset, PurposeVerify, PurposeChange); err != nil {
		return err
	}
	undoable := now.Add(UndoFor)
	_, err := tx.exec(`UPDATE verification SET "expiresAt" = ? WHERE "userId" = ? AND identifier LIKE ? AND value = ? AND "expiresAt" < ?`,
		undoable, l.UserID, PurposeUndo+":%", l.Email, undoable)
	if err != nil {
		return err
	}
	e.Type, e.Email = EventEmailChanged, l.Email
	if err := tx.Record(e); err != nil {
		return err
	}
	return tx.QueueMail(Mail{Kind: MailEmailChanged, Recipient: l.Email, UserID: l.UserID, CreatedAt: now, DueAt: now})
}

// Undone is the result of a link that undoes a change of address.
type Undone struct {
	User    User
	Already bool // an earlier call has done it; this one has changed nothing
}

// UndoEmailChange stops or undoes the change of the address that the link with the token
// hash was sent to, whatever the user's address is now. It ends all the user's sessions and
// deletes their links, except those sent to even earlier addresses. The person who asked
// for the change may know the password. So the user gets the password with the given hash,
// or a mail with a link to set one. It records e.
//
// It returns ErrNotFound for a link that no longer works. A link that was used before still
// works without a password hash, and changes nothing.
func (tx *Tx) UndoEmailChange(tokenHash, passwordHash string, e Event) (u Undone, err error) {
	l, err := tx.FollowLink(tokenHash, e.At, PurposeUndo)
	if err != nil {
		return u, err
	}
	u = Undone{User: l.User, Already: l.Done()}
	switch {
	case u.Already && passwordHash != "":
		return u, ErrNotFound
	case u.Already:
		return u, nil
	}
	e.UserID = l.UserID
	if e.Email = l.User.Email; e.Email == l.Email {
		e.Email = "" // it was not changed
	}
	if err := tx.restoreAddress(l.User, l.Email, e.At); err != nil {
		return u, err
	}
	if err := tx.Record(e); err != nil {
		return u, err
	}
	if err := tx.DropEmailChange(l.UserID); err != nil {
		return u, err
	}
	if err := tx.deleteLinks(l.UserID, PurposeReset, PurposeVerify); err != nil {
		return u, err
	}
	if err := tx.markUsed(l.UserID, PurposeUndo, l.Email, e.At); err != nil {
		return u, err
	}
	if err := tx.secure(l, passwordHash, e); err != nil {
		return u, err
	}
	return u, tx.readUser(&u.User)
}

// secure ends the sessions of a user whose account somebody else may have used, and lets
// the owner of the address choose the password.
func (tx *Tx) secure(l Link, passwordHash string, e Event) error {
	m := Mail{Kind: MailReset, Recipient: l.Email, CreatedAt: e.At, DueAt: e.At}
	if passwordHash == "" {
		if err := tx.RevokeSessions(l.UserID, "", e); err != nil {
			return err
		}
		return tx.QueueMail(m)
	}
	e.Type = EventPasswordReset
	if err := tx.ResetPassword(l.UserID, passwordHash, "", e); err != nil {
		return err
	}
	if err := tx.VerifyAddress(l.UserID, e.At); err != nil {
		return err
	}
	m.Kind, m.UserID = MailPasswordChanged, l.UserID
	return tx.QueueMail(m)
}
