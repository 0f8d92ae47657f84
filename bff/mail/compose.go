package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"vestibule/internal/opaque"
	"vestibule/store"
)

// linkLife is how long a link is good for, from when it is sent. It is Better
// Auth's.
const linkLife = time.Hour

// letter is what a mail says.
type letter struct {
	Subject string
	Says    []string // paragraphs
	Button  string   // what the link does; "" for a letter without one
	Link    string
	Life    string // how long the link is good for
	Unless  string // what to do when it was not the reader
}

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

func (o *Outbox) verifyLink(ctx context.Context, m store.Mail, user store.User, purpose string) (string, error) {
	token, err := o.newLink(ctx, m, user, purpose)
	return o.BaseURL.JoinPath("/api/auth/verify-email").String() + "?token=" + token + "&callbackURL=" + landing(m), err
}

func (o *Outbox) resetLink(ctx context.Context, m store.Mail, user store.User) (string, error) {
	token, err := o.newLink(ctx, m, user, store.PurposeReset)
	link := o.BaseURL.JoinPath("/api/auth/reset-password", token).String()
	if m.CallbackURL != "" { // otherwise to a page of ours
		link += "?callbackURL=" + landing(m)
	}
	return link, err
}

// undoLink leads to a page of ours: whoever gets the mail may have no app open, and
// a scanner that follows it must not do anything.
func (o *Outbox) undoLink(ctx context.Context, m store.Mail, user store.User) (string, error) {
	user.Email = m.Recipient
	token, err := o.newLink(ctx, m, user, store.PurposeUndo)
	return o.BaseURL.JoinPath("/api/auth/undo-email").String() + "?token=" + token, err
}

// landing is where a link leads in the end.
func landing(m store.Mail) string {
	if m.CallbackURL == "" {
		return url.QueryEscape("/")
	}
	return url.QueryEscape(m.CallbackURL)
}

// newLink makes the token of a mail's link. When the mail was tried before, the
// link that was made then is replaced.
func (o *Outbox) newLink(ctx context.Context, m store.Mail, user store.User, purpose string) (string, error) {
	token, now := opaque.NewToken(), o.Now().UTC()
	life := linkLife
	if purpose == store.PurposeUndo {
		life = store.UndoFor
	}
	err := o.store.PutVerification(ctx, store.Verification{
		ID:        m.ID,
		Purpose:   purpose,
		TokenHash: opaque.Hash(token),
		UserID:    user.ID,
		SessionID: m.SessionID,
		Email:     user.Email,
		NewEmail:  m.NewEmail,
		CreatedAt: now,
		ExpiresAt: now.Add(life),
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: it was taken back", errNobody)
	}
	return token, err
}

// Text is the letter for programs that show no HTML, and for people who read the
// file that it is in: its link is on a line of its own.
func (l letter) Text() string {
	var b strings.Builder
	for _, p := range l.Says {
		b.WriteString(p + "\n\n")
	}
	if l.Link != "" {
		b.WriteString(l.Button + ":\n\n" + l.Link + "\n\n" + l.Life + "\n\n")
	}
	b.WriteString(l.Unless + "\n")
	return b.String()
}

var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f4f5;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#18181b;line-height:1.5">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#fff;border-radius:12px">
<h1 style="margin:0 0 16px;font-size:20px">{{.Subject}}</h1>
{{range .Says}}<p>{{.}}</p>
{{end}}{{if .Link}}<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;background:#4338ca;color:#fff;border-radius:8px;text-decoration:none">{{.Button}}</a></p>
<p style="font-size:14px">{{.Life}} If the button does nothing, copy this: <a href="{{.Link}}" style="color:#4338ca;word-break:break-all">{{.Link}}</a></p>
{{end}}<p style="font-size:14px;color:#52525b">{{.Unless}}</p>
</div>
</body>
</html>
`))

// longestLine is what SMTP lets a line have (RFC 5321 §4.5.3.1.6), with some room.
const longestLine = 990

func (o *Outbox) envelope(to string, l letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&o.From)
	if err := msg.To(to); err != nil {
		return nil, fmt.Errorf("%w: %w", errNobody, err)
	}
	msg.Subject(l.Subject)
	msg.SetDateWithValue(o.Now())
	msg.SetMessageIDWithValue(opaque.NewToken() + "@" + o.BaseURL.Hostname())
	// Nobody's holiday answer is wanted (RFC 3834 §5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	text := l.Text()
	encoding := o.Sender.Encoding()
	for line := range strings.Lines(text) {
		if len(line) > longestLine {
			encoding = gomail.EncodingQP
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, text, gomail.WithPartEncoding(encoding))
	var html bytes.Buffer
	if err := page.Execute(&html, l); err != nil {
		return nil, err
	}
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String(), gomail.WithPartEncoding(gomail.EncodingQP))
	return msg, nil
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
