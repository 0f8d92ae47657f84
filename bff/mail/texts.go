package mail

import (
	"context"
	"errors"
	"fmt"

	gomail "github.com/wneessen/go-mail"

	"vestibule/store"
)

// compose writes a mail, with a link of its own where it has one. It returns
// errNobody when there is nobody to write to.
func (o *Outbox) compose(ctx context.Context, m store.Mail) (*gomail.Msg, error) {
	user, err := o.store.MailUser(ctx, m)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("%w: no such user", errNobody)
	case err != nil:
		return nil, err
	}
	to, site := m.Recipient, o.BaseURL.Host
	var l letter
	switch m.Kind {
	case store.MailVerify:
		if user.EmailVerified {
			return nil, fmt.Errorf("%w: the address is verified", errNobody)
		}
		l = letter{
			Subject: "Verify your address for " + site,
			Says: []string{"Somebody, hopefully you, has signed up at " + site + " with this address. Please confirm that it is yours." +
				" Where you are not signed in, you are asked for the password, or for a new one."},
			Button: "Verify address",
			Unless: "If it was not you, there is nothing to do: without the link nobody can confirm your address.",
		}
		l.Link, err = o.verifyLink(ctx, m, user, store.PurposeVerify)
	case store.MailChange:
		to = m.NewEmail
		free, err := o.store.AddressFree(ctx, m.NewEmail, o.Now())
		if err != nil {
			return nil, err
		}
		if !free {
			return nil, fmt.Errorf("%w: the address is taken", errNobody)
		}
		l = letter{
			Subject: "Confirm your new address for " + site,
			Says: []string{"Somebody, hopefully you, wants to use this address for an account at " + site + ". The account's address changes when you confirm it." +
				" Where you are not signed in, you are asked for the account's password."},
			Button: "Use this address",
			Unless: "If it was not you, do not follow the link: nothing changes then.",
		}
		if l.Link, err = o.verifyLink(ctx, m, user, store.PurposeChange); err != nil {
			return nil, err
		}
	case store.MailChangeAsked:
		l = letter{
			Subject: "Your address for " + site + " is about to change",
			Says: []string{
				"Somebody, hopefully you, has asked for another address for your account at " + site + ". It changes as soon as the new one is confirmed.",
				"If it was not you, stop it with this link. It asks before it does anything, signs everybody out, and lets you choose a new password.",
			},
			Button: "This was not me",
			Life:   "The link works for seven days.",
			Unless: "If it was you, there is nothing to do.",
		}
		l.Link, err = o.undoLink(ctx, m, user)
	case store.MailReset:
		if user.Email != m.Recipient {
			// The account had this address until lately, and nobody else may have it yet.
			// Whoever gets mail there can take the account back, or else would be shut out
			// of their own address by somebody who signed up with it and left.
			l = addressChanged(site)
			l.Link, err = o.undoLink(ctx, m, user)
			break
		}
		l = letter{
			Subject: "Choose a new password for " + site,
			Says:    []string{"Somebody, hopefully you, has asked for a new password for your account at " + site + "."},
			Button:  "Choose a new password",
			Unless:  "If it was not you, there is nothing to do: your password stays as it is.",
		}
		l.Link, err = o.resetLink(ctx, m, user)
	case store.MailAddressTaken:
		l = letter{
			Subject: "You already have an account at " + site,
			Says: []string{
				"Somebody, hopefully you, has tried to sign up at " + site + " with this address. It already has an account: please sign in, or ask for a new password there if you have forgotten yours.",
			},
			Unless: "If it was not you, there is nothing to do: nobody was let in.",
		}
	case store.MailPasswordChanged:
		l = letter{
			Subject: "Your password for " + site + " was changed",
			Says:    []string{"The password of your account at " + site + " has just been changed."},
			Unless:  "If it was not you, ask for a new password at " + site + " now: that signs everybody else out.",
		}
	case store.MailEmailChanged:
		l = addressChanged(site)
		l.Link, err = o.undoLink(ctx, m, user)
	default:
		return nil, fmt.Errorf("mail of unknown kind %q: a newer version has queued it", m.Kind)
	}
	if err != nil {
		return nil, err
	}
	if l.Life == "" {
		l.Life = "The link works for one hour."
	}
	return o.envelope(to, l)
}

// addressChanged tells the address before, and how to get the account back.
func addressChanged(site string) letter {
	return letter{
		Subject: "Your address for " + site + " was changed",
		Says: []string{
			"Your account at " + site + " has another address now. This one is no longer used for it.",
			"If it was not you, take the account back with this link. It asks before it does anything, gives the account this address again, signs everybody out, and lets you choose a new password.",
		},
		Button: "This was not me",
		Life:   "The link works for seven days.",
		Unless: "If it was you, there is nothing to do.",
	}
}
