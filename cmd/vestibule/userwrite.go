package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vestibule/bff"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// userCreate creates a user without a verification mail.
func userCreate(ctx context.Context, p *program, c *settings.Settings) error {
	email, ok := bff.NormalEmail(p.given.args[0])
	if !ok {
		return usageError("EMAIL " + strconv.Quote(p.given.args[0]) + " is not an e-mail address; write it like ada@example.com")
	}
	if len(p.given.options["name"]) > bff.MaxName {
		return usageError(fmt.Sprintf("--name is too long; use at most %d bytes", bff.MaxName))
	}
	return p.withData(ctx, c, func(db *store.Store) error {
		if free, err := db.AddressFree(ctx, email, time.Now()); err != nil {
			return err
		} else if !free {
			return addressTaken(email)
		}
		hash, err := p.newPassword(ctx, c, email)
		if err != nil {
			return err
		}
		u := bff.NewUser(email, p.given.options["name"], time.Now())
		u.EmailVerified = p.given.has("email-verified")
		err = db.Tx(ctx, "create user", func(tx *store.Tx) error {
			if err := tx.CreateUser(u, hash); err != nil {
				return err
			}
			e := operatorEvent(store.EventSignUp)
			e.UserID = u.ID
			return tx.Record(e)
		})
		switch {
		case errors.Is(err, store.ErrConflict):
			return addressTaken(email)
		case err != nil:
			return err
		}
		p.note("created %s with the id %s", u.Email, u.ID)
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}

// addressTaken refuses an address that has an account. It also refuses the old address
// of a user who changed it in the last 7 days, because the user can still undo that.
// vestibule user show does not find such an address.
func addressTaken(email string) error {
	return refusal(email + " has an account, or was an account's address in the last 7 days; see vestibule user show " + email +
		" and vestibule audit --event=email-changed")
}

func userSetPassword(ctx context.Context, p *program, c *settings.Settings) error {
	return p.changeUser(ctx, c, func(db *store.Store, u store.User) error {
		hash, err := p.newPassword(ctx, c, u.Email)
		if err != nil {
			return err
		}
		ended, err := countEnded(ctx, db, "set password", func(tx *store.Tx) error {
			return tx.ResetPassword(u.ID, hash, "", operatorEvent(store.EventPasswordChanged))
		})
		if err == nil {
			p.note("%s has a new password; %s", u.Email, endedSessions(ended))
		}
		return err
	})
}

func userDelete(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		u, err := findUser(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		if !p.given.has("yes") {
			what := u.Email + " (" + u.Name + ") and all their tasks"
			if err := p.confirm(ctx, "user delete", what, "address", u.Email); err != nil {
				return err
			}
		}
		e := operatorEvent(store.EventUserDeleted)
		e.Email = u.Email
		ended, err := countEnded(ctx, db, "delete user", func(tx *store.Tx) error { return tx.DeleteUser(u.ID, e) })
		if err != nil {
			return err
		}
		p.note("%s is deleted; %s", u.Email, endedSessions(ended))
		if err := p.deleteRemains(ctx, db, u); err != nil {
			return err
		}
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}

// deleteRemains deletes the tasks of a deleted user and prints its progress. It does not
// rely on the server, which may not be running. If it is interrupted, the server deletes
// the rest.
func (p *program) deleteRemains(ctx context.Context, st *store.Store, u store.User) error {
	const every = 2 * time.Second
	remains := tasks.New(st.DB)
	var rows int64
	printed := time.Now()
	done := false
	err := db.InBatches(ctx, func() (bool, error) {
		left, err := remains.DeleteRemains(ctx, u.ID)
		rows, done = rows+left.Rows, left.Done
		if time.Since(printed) >= every && !done {
			printed = time.Now()
			p.note("%d rows of their tasks, events and stored responses are deleted so far", rows)
		}
		return err == nil && !done, err
	})
	if err != nil || !done {
		return fmt.Errorf("%s is deleted, and the next vestibule serve or api deletes the rest of their tasks: %w", u.Email, errors.Join(err, ctx.Err()))
	}
	return nil
}
