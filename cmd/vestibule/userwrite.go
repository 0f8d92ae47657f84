package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vestibule/bff"
	"vestibule/store"
)

// userCreate makes a user without asking anybody for a mail: the operator vouches.
func userCreate(ctx context.Context, p *program, c *config) error {
	email, ok := bff.NormalEmail(p.given.args[0])
	if !ok {
		return usageError("EMAIL " + strconv.Quote(p.given.args[0]) + " is no e-mail address; write it like ada@example.com")
	}
	if len(p.given.options["name"]) > bff.MaxName {
		return usageError(fmt.Sprintf("--name is too long; use at most %d bytes", bff.MaxName))
	}
	return withData(ctx, c, func(db *store.Store) error {
		if free, err := db.AddressFree(ctx, email); err != nil {
			return err
		} else if !free {
			return refusal(email + " has an account; see vestibule user show " + email)
		}
		hash, err := p.newPassword(ctx, c, email)
		if err != nil {
			return err
		}
		u := bff.NewUser(email, p.given.options["name"], time.Now())
		u.EmailVerified = p.given.has("email-verified")
		err = db.CreateSignedOutUser(ctx, u, hash, store.Recorded(operatorEvent(store.EventSignUp)))
		switch {
		case errors.Is(err, store.ErrConflict):
			return refusal(email + " has an account; see vestibule user show " + email)
		case err != nil:
			return err
		}
		p.note("%s is %s", u.Email, u.ID)
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}

func userSetPassword(ctx context.Context, p *program, c *config) error {
	return p.changeUser(ctx, c, func(db *store.Store, u store.User) error {
		hash, err := p.newPassword(ctx, c, u.Email)
		if err != nil {
			return err
		}
		ended, err := db.SetPassword(ctx, u.ID, hash, time.Now(), operatorEvent(store.EventPasswordChanged))
		if err == nil {
			p.note("%s has a new password; %s", u.Email, endedSessions(len(ended)))
		}
		return err
	})
}

func userDelete(ctx context.Context, p *program, c *config) error {
	return withData(ctx, c, func(db *store.Store) error {
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
		ended, err := db.DeleteUser(ctx, u.ID, e)
		if err != nil {
			return err
		}
		p.note("%s is deleted; %s", u.Email, endedSessions(len(ended)))
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}
