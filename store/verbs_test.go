package store_test

import (
	"context"
	"errors"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store"
)

// signIn starts a session for a user who knows the password.
func signIn(ctx context.Context, s storetest.Transactor, session store.Session, passwordHash string) error {
	return s.Tx(ctx, "test", func(tx *store.Tx) error {
		if err := tx.StartSession(session); err != nil {
			return err
		}
		return tx.RequirePassword(session.UserID, passwordHash)
	})
}

// passwordChange sets a new password and replaces the session by a new one.
type passwordChange struct {
	UserID    string
	Old, New  string // hashes
	Session   store.Session
	Replaces  string
	EndOthers bool
	At        time.Time
}

func changePassword(ctx context.Context, s storetest.Transactor, c passwordChange, e store.Event) ([]string, error) {
	return ending(ctx, s, func(tx *store.Tx) error {
		if err := tx.RequirePassword(c.UserID, c.Old); err != nil {
			return err
		}
		if err := tx.SetPassword(c.UserID, c.New, c.At); err != nil {
			return err
		}
		if err := tx.StartSession(c.Session, c.Replaces); err != nil {
			return err
		}
		e.UserID, e.SessionID = c.UserID, c.Session.ID
		if err := tx.Record(e); err != nil {
			return err
		}
		if c.EndOthers {
			if err := tx.RevokeSessions(c.UserID, c.Session.TokenHash, e); err != nil {
				return err
			}
		}
		return tx.DropEmailChange(c.UserID)
	})
}

// renewal is a session that replaces another one of the same user.
type renewal struct{ session, replaces store.Session }

type resetDone struct {
	store.Link
	Ended   []string
	Renewed bool
}

// resetBy sets a password by a link.
func resetBy(ctx context.Context, s storetest.Transactor, tokenHash, passwordHash string, at time.Time, renew *renewal, e store.Event) (r resetDone, err error) {
	r.Ended, err = ending(ctx, s, func(tx *store.Tx) (err error) {
		if r.Link, err = tx.FollowLink(tokenHash, at, store.PurposeReset); err != nil {
			return err
		}
		except := ""
		if renew != nil {
			err := tx.RequireSession(store.Event{At: at, UserID: r.UserID, SessionID: renew.replaces.ID})
			if err == nil {
				r.Renewed, except = true, renew.session.TokenHash
				err = tx.StartSession(renew.session, renew.replaces.TokenHash)
			}
			if err != nil && !errors.Is(err, store.ErrSessionEnded) {
				return err
			}
		}
		if err := tx.ResetPassword(r.UserID, passwordHash, except, e); err != nil {
			return err
		}
		return tx.VerifyAddress(r.UserID, at)
	})
	return r, err
}

type verified struct {
	store.Verified
	Ended []string
}

func verifyBy(ctx context.Context, s storetest.Transactor, tokenHash string, proof store.Proof, at time.Time, e store.Event) (v verified, err error) {
	e.At = at
	v.Ended, err = ending(ctx, s, func(tx *store.Tx) (err error) {
		v.Verified, err = tx.VerifyEmail(tokenHash, proof, e)
		return err
	})
	return v, err
}

type undone struct {
	store.Undone
	Ended []string
}

func undoBy(ctx context.Context, s storetest.Transactor, tokenHash, passwordHash string, at time.Time, e store.Event) (u undone, err error) {
	e.At = at
	u.Ended, err = ending(ctx, s, func(tx *store.Tx) (err error) {
		u.Undone, err = tx.UndoEmailChange(tokenHash, passwordHash, e)
		return err
	})
	return u, err
}

// requireClient records e if the client exists.
func requireClient(ctx context.Context, s storetest.Transactor, use store.ClientUse, e store.Event) error {
	return s.Tx(ctx, "test", func(tx *store.Tx) error {
		if err := tx.Record(e); err != nil {
			return err
		}
		return tx.RequireClient(use)
	})
}
