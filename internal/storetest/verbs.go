package storetest

import (
	"context"
	"strings"
	"testing"

	"vestibule/store"
)

// Transactor is a *database, or a type that embeds one.
type Transactor interface {
	Tx(ctx context.Context, what string, f func(*store.Tx) error) error
}

// Ending returns the token hashes of the sessions that f has ended.
func Ending(ctx context.Context, s Transactor, f func(*store.Tx) error) (ended []string, err error) {
	err = s.Tx(ctx, "test", func(tx *store.Tx) error {
		err := f(tx)
		ended = tx.Ended()
		return err
	})
	return ended, err
}

// AsSession runs f if the session that e names exists.
func AsSession(ctx context.Context, s Transactor, e store.Event, f func(*store.Tx) error) error {
	return s.Tx(ctx, "test", func(tx *store.Tx) error {
		if err := tx.RequireSession(e); err != nil {
			return err
		}
		return f(tx)
	})
}

// SignUp creates a user with a session.
func SignUp(ctx context.Context, s Transactor, u store.User, passwordHash string, first store.Session, replaced ...string) error {
	return s.Tx(ctx, "test", func(tx *store.Tx) error {
		if err := tx.CreateUser(u, passwordHash); err != nil {
			return err
		}
		return tx.StartSession(first, replaced...)
	})
}

// RecordOf records e for the user or client with the id, if the recorded action succeeded.
func RecordOf(tx *store.Tx, id string, e store.Event, err error) error {
	if err != nil {
		return err
	}
	if strings.HasPrefix(id, "svc_") {
		e.ClientID = id
	} else {
		e.UserID = id
	}
	return tx.Record(e)
}

// RequireSubject records e if its user may act.
func RequireSubject(t *testing.T, d *Database, e store.Event) error {
	return d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		if err := tx.Record(e); err != nil {
			return err
		}
		return tx.RequireSubject(e)
	})
}

// UseClient records e if the use was stored.
func UseClient(ctx context.Context, s Transactor, use store.ClientUse, e store.Event) error {
	return s.Tx(ctx, "test", func(tx *store.Tx) error {
		noted, err := tx.UseClient(use)
		if err != nil || !noted {
			return err
		}
		return RecordOf(tx, use.ID, e, nil)
	})
}
