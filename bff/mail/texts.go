package mail

import (
	"context"
	"errors"
	"fmt"

	gomail "github.com/wneessen/go-mail"

	"vestibule/store"
)

// compose writes a mail, with a new link if the mail has one. It returns errNobody if the
// mail has no recipient or no purpose any more.
func (o *Outbox) compose(ctx context.Context, m store.Mail) (*gomail.Msg, error) {
	user, err := o.store.MailUser(ctx, m)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("%w: no such user", errNobody)
	case err != nil:
		return nil, err
	}
	to, name, site := m.Recipient, o.Name, o.site()
	var l letter
	switch m.Kind {
	case store.MailVerify:
		if user.EmailVerified {
			return nil, fmt.Errorf("%w: the address is confirmed", errNobody)
		}
		l = letter{
			Subject: "Confirm your address for " + name,
			Says: []string{"Somebody, hopefully you, has signed up at " + site + " with this address. Please confirm that it is yours." +
				" If you are not signed in, you will be asked for your password or for a new one."},
			Button: "Confirm address",
			Unless: "If it was not you, you need not do anything: without the link nobody can confirm your address.",
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
			Subject: "Confirm your new address for " + name,
			Says: []string{"Somebody, hopefully you, wants to use this address for an account at " + site + ". The account's address changes when you confirm it." +
				" If you are not signed in, you will be asked for the account's password."},
			Button: "Use this address",
			Unless: "If it was not you, do not follow the link. Then nothing changes.",
		}
		if l.Link, err = o.verifyLink(ctx, m, user, store.PurposeChange); err != nil {
			return nil, err
		}
	case store.MailChangeAsked:
		l = letter{
			Subject: "Your address for " + name + " is about to change",
			Says: []string{
				"Somebody, hopefully you, has asked to change the address of your account at " + site + ". It changes as soon as the new address is confirmed.",
				"If it was not you, stop the change with this link. It opens a page that asks you first, signs out all devices and lets you choose a new password.",
			},
			Button: "This was not me",
			Life:   "The link works for seven days.",
			Unless: "If it was you, there is nothing to do.",
		}
		l.Link, err = o.undoLink(ctx, m, user)
	case store.MailReset:
		if user.Email != m.Recipient {
			// The account had this address until recently, and nobody else can use it yet. The
			// person who gets mail there can take the account back. Otherwise somebody could
			// sign up with a foreign address, change it, and so lock out the owner of the
			// address.
			l = addressChanged(name, site)
			l.Link, err = o.undoLink(ctx, m, user)
			break
		}
		l = letter{
			Subject: "Choose a new password for " + name,
			Says:    []string{"Somebody, hopefully you, has asked for a new password for your account at " + site + "."},
			Button:  "Choose a new password",
			Unless:  "If it was not you, you need not do anything. Your password does not change.",
		}
		l.Link, err = o.resetLink(ctx, m, user)
	case store.MailAddressTaken:
		l = letter{
			Subject: "You already have an account at " + name,
			Says: []string{
				"Somebody, hopefully you, has tried to sign up at " + site + " with this address. You already have an account there. Please sign in, or ask for a new password if you have forgotten yours.",
			},
			Unless: "If it was not you, you need not do anything. Nobody got access to your account.",
		}
	case store.MailPasswordChanged:
		l = letter{
			Subject: "Your password for " + name + " was changed",
			Says:    []string{"The password of your account at " + site + " has just been changed."},
			Unless:  "If it was not you, ask for a new password at " + site + " now. That signs out all other devices.",
		}
	case store.MailEmailChanged:
		l = addressChanged(name, site)
		l.Link, err = o.undoLink(ctx, m, user)
	default:
		return nil, fmt.Errorf("mail of unknown kind %q: a newer version of the program has queued it", m.Kind)
	}
	if err != nil {
		return nil, err
	}
	if l.Life == "" {
		l.Life = "The link works for one hour."
	}
	return o.envelope(to, l)
}

// site is the name of the site with its host, so that a reader sees where the links lead.
func (o *Outbox) site() string {
	if o.Name == o.BaseURL.Host {
		return o.Name
	}
	return o.Name + " (" + o.BaseURL.Host + ")"
}

// addressChanged tells the previous address about the change, and how to get the account back.
func addressChanged(name, site string) letter {
	return letter{
		Subject: "Your address for " + name + " was changed",
		Says: []string{
			"Your account at " + site + " has a new address now. It no longer uses this one.",
			"If it was not you, take the account back with this link. It opens a page that asks you first, gives the account this address again, signs out all devices and lets you choose a new password.",
		},
		Button: "This was not me",
		Life:   "The link works for seven days.",
		Unless: "If it was you, there is nothing to do.",
	}
}
