package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/web"
	"vestibule/store"
)

func userList(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		const page = 500
		out := p.output("ID", "EMAIL", "NAME", "VERIFIED", "CREATED", "DISABLED")
		filter := store.UserFilter{Search: p.given.options["search"], Disabled: p.given.has("disabled")}
		for after := ""; ; {
			users, err := db.Users(ctx, filter, after, page)
			if err != nil {
				return err
			}
			for _, u := range users {
				disabled := ""
				if u.DisabledAt != nil {
					disabled = formatTime(*u.DisabledAt)
				}
				out.row(toUserJSON(u), u.ID, u.Email, u.Name, yesNo(u.EmailVerified), formatTime(u.CreatedAt), disabled)
				after = u.ID
			}
			if len(users) < page || out.failed() {
				return out.close()
			}
		}
	})
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func userShow(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		u, err := findUser(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		accounts, err := db.AccountsOf(ctx, u.ID)
		if err != nil {
			return err
		}
		sessions, err := db.SessionsOf(ctx, u.ID, time.Now())
		if err != nil {
			return err
		}
		var last *time.Time
		for _, kind := range []string{store.EventSignUp, store.EventSignIn} { // a sign-up may sign the user in too
			found, err := db.Events(ctx, store.EventFilter{UserID: u.ID, Type: kind}, 1)
			if err != nil {
				return err
			}
			if len(found) > 0 && found[0].SessionID != "" {
				last = &found[0].At
			}
		}
		return p.showUser(u, accounts, sessions, last)
	})
}

func (p *program) showUser(u store.User, accounts []store.Account, sessions []store.Session, lastSignIn *time.Time) error {
	type userDetails struct {
		userJSON
		LastSignInAt *web.Time     `json:"lastSignInAt"`
		Accounts     []accountJSON `json:"accounts"`
		Sessions     []sessionJSON `json:"sessions"`
	}
	object := userDetails{userJSON: toUserJSON(u), LastSignInAt: optionalTime(lastSignIn), Accounts: []accountJSON{}, Sessions: []sessionJSON{}}
	var ways []string
	for _, a := range accounts {
		ways = append(ways, a.ProviderID)
		object.Accounts = append(object.Accounts, accountJSON{a.ID, a.ProviderID, a.AccountID, web.Time(a.CreatedAt), web.Time(a.UpdatedAt)})
	}
	for _, s := range sessions {
		object.Sessions = append(object.Sessions, toSessionJSON(s))
	}
	state, last := "may sign in", "never, or before the oldest event in the audit trail"
	if u.DisabledAt != nil {
		state = "disabled since " + formatTime(*u.DisabledAt)
	}
	if lastSignIn != nil {
		last = formatTime(*lastSignIn)
	}
	out := p.output()
	out.row(object, "id", u.ID)
	for _, line := range [][2]string{
		{"address", u.Email}, {"verified", yesNo(u.EmailVerified)}, {"name", u.Name}, {"state", state},
		{"created", formatTime(u.CreatedAt)}, {"last sign-in", last}, {"signs in with", strings.Join(ways, ", ")}, {"live sessions", strconv.Itoa(len(sessions))},
	} {
		out.row(nil, line[0], line[1])
	}
	return out.close()
}

func userDisable(ctx context.Context, p *program, c *settings.Settings) error {
	return p.changeUser(ctx, c, func(db *store.Store, u store.User) error {
		ended, err := countEnded(ctx, db, "disable user", func(tx *store.Tx) error {
			return tx.DisableUser(u.ID, operatorEvent(store.EventUserDisabled))
		})
		if err == nil && u.DisabledAt != nil {
			p.note("%s was disabled already, on %s", u.Email, formatTime(*u.DisabledAt))
		} else if err == nil {
			p.note("%s is disabled; %s", u.Email, endedSessions(ended))
		}
		return err
	})
}

func userEnable(ctx context.Context, p *program, c *settings.Settings) error {
	return p.changeUser(ctx, c, func(db *store.Store, u store.User) error {
		err := db.Tx(ctx, "enable user", func(tx *store.Tx) error { return tx.EnableUser(u.ID, operatorEvent(store.EventUserEnabled)) })
		if err == nil {
			p.note("%s may sign in", u.Email)
		}
		return err
	})
}

// changeUser changes the user that the command names. With --json it prints the changed
// user.
func (p *program) changeUser(ctx context.Context, c *settings.Settings, do func(*store.Store, store.User) error) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		u, err := findUser(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		if err := do(db, u); err != nil {
			return err
		}
		if !p.given.has("json") {
			return nil
		}
		if u, err = db.UserByID(ctx, u.ID); err != nil {
			return err
		}
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}

// countEnded runs f in a transaction and returns how many sessions f has ended.
func countEnded(ctx context.Context, db *store.Store, what string, f func(*store.Tx) error) (ended int, err error) {
	err = db.Tx(ctx, what, func(tx *store.Tx) error {
		err := f(tx)
		ended = len(tx.Ended())
		return err
	})
	return ended, err
}

func endedSessions(n int) string {
	if n == 1 {
		return "1 session has ended"
	}
	return strconv.Itoa(n) + " sessions have ended"
}

func userSessions(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		u, err := findUser(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		sessions, err := db.SessionsOf(ctx, u.ID, time.Now())
		if err != nil {
			return err
		}
		out := p.output("SESSION", "SIGNED IN", "LAST EXTENDED", "EXPIRES", "CLIENT", "DEVICE")
		for _, s := range sessions {
			out.row(toSessionJSON(s), s.ID, formatTime(s.CreatedAt), formatTime(s.UpdatedAt), formatTime(s.ExpiresAt), s.IPAddress, s.UserAgent)
		}
		return out.close()
	})
}

func userRevoke(ctx context.Context, p *program, c *settings.Settings) error {
	all := p.given.has("all")
	if one := len(p.given.args) == 2; one == all {
		return usageError("user revoke takes either a SESSION or --all; vestibule user sessions lists them")
	}
	return p.withData(ctx, c, func(db *store.Store) error {
		u, err := findUser(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		e := operatorEvent(store.EventSessionRevoked)
		ended, err := countEnded(ctx, db, "revoke sessions", func(tx *store.Tx) error {
			if all {
				return tx.RevokeSessions(u.ID, "", e)
			}
			return tx.RevokeSession(u.ID, p.given.args[1], e)
		})
		switch {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
			return refusal(u.Email + " has no session " + strconv.Quote(p.given.args[1]) + "; see vestibule user sessions " + u.Email)
		case err != nil:
			return err
		}
		p.note("%s: %s", u.Email, endedSessions(ended))
		out := p.output()
		out.row(struct {
			Ended int `json:"endedSessions"`
		}{ended})
		return out.close()
	})
}
