// Package mail sends what the BFF has to say by mail: links that prove an address,
// and notices.
//
// It promises:
//   - A request never waits for a mail server and never fails with one. It adds a
//     row to the outbox, in the transaction of what it does, and the row stays
//     until the mail has been handed over, whatever restarts meanwhile.
//   - No link is in the database. It is made when its mail is sent, and only the
//     hash of its token is stored.
//   - Whether an address has an account is looked up here and not by the request,
//     so the request takes the same time for both.
//   - Of several instances one sends a mail. One that dies while it sends leaves
//     the mail to be sent by another, so a mail can come twice but is not lost.
//
// It refuses to send a password to a server in clear, and to put into a mail
// anything that a stranger has typed, but for the address it goes to.
package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"vestibule/store"
)

const (
	// pollEvery is how often somebody looks for mails that another instance has
	// queued, or that are due again.
	pollEvery = 2 * time.Second

	sendTimeout = 20 * time.Second
	claimFor    = 2 * time.Minute // a mail is sent or given back long before

	firstRetry = 5 * time.Second
	lastRetry  = 10 * time.Minute
	giveUp     = 24 * time.Hour // nobody waits longer for a link
)

// Store is what the outbox needs of the database.
type Store interface {
	ClaimMail(ctx context.Context, now, until time.Time) (store.Mail, error)
	RetryMail(ctx context.Context, m store.Mail, due time.Time) error
	DeleteMail(ctx context.Context, id string) error
	MailUser(ctx context.Context, m store.Mail) (store.User, error)
	AddressFree(ctx context.Context, email string, now time.Time) (bool, error)
	PutVerification(ctx context.Context, v store.Verification) error
}

// Sender hands a mail over.
type Sender interface {
	Send(ctx context.Context, m *gomail.Msg, kind string) error
	Encoding() gomail.Encoding // of the plain text
}

// Config is how mails are sent. All of it is required.
type Config struct {
	BaseURL *url.URL        // links lead there
	From    netmail.Address // the sender
	Sender  Sender
	Now     func() time.Time
	Log     *slog.Logger
}

// Outbox sends the mails in the database. Make one with New.
type Outbox struct {
	Config
	store Store
	wake  chan struct{}
}

// New returns the outbox of a database.
func New(cfg Config, s Store) *Outbox {
	return &Outbox{Config: cfg, store: s, wake: make(chan struct{}, 1)}
}

// Wake says that a mail has been queued. It never waits.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Run sends what is due until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		o.sendDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-poll.C:
		}
	}
}

func (o *Outbox) sendDue(ctx context.Context) {
	for ctx.Err() == nil {
		now := o.Now()
		m, err := o.store.ClaimMail(ctx, now, now.Add(claimFor))
		switch {
		case errors.Is(err, store.ErrNotFound):
			return
		case err != nil:
			// An outage is told by what fails for users; the mails wait.
			o.Log.LogAttrs(ctx, slog.LevelDebug, "no mail could be read", slog.String("error", err.Error()))
			return
		}
		o.settle(ctx, m, o.send(ctx, m))
	}
}

// errNobody is why a mail is not sent: there is no one to send it to, or nothing
// to say any more.
var errNobody = errors.New("mail is for nobody")

func (o *Outbox) send(ctx context.Context, m store.Mail) error {
	msg, err := o.compose(ctx, m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return o.Sender.Send(ctx, msg, m.Kind)
}

// settle does with a mail what its sending asks for.
func (o *Outbox) settle(ctx context.Context, m store.Mail, sendErr error) {
	// What was sent must not be sent again because the process was told to stop.
	ctx = context.WithoutCancel(ctx)
	attrs := []slog.Attr{slog.String("kind", m.Kind), slog.String("domain", domain(cmp.Or(m.NewEmail, m.Recipient))), slog.Int("attempts", m.Attempts)}
	var err error
	switch {
	case sendErr == nil, errors.Is(sendErr, errNobody):
		err = o.store.DeleteMail(ctx, m.ID)
	case permanent(sendErr), o.Now().Sub(m.CreatedAt) >= giveUp:
		o.Log.LogAttrs(ctx, slog.LevelError, "mail was given up", append(attrs,
			slog.String("error", reason(sendErr)), slog.String("check", "SMTP_URL, MAIL_FROM, MAIL_DIR"))...)
		err = o.store.DeleteMail(ctx, m.ID)
	default:
		wait := backoff(m.Attempts)
		o.Log.LogAttrs(ctx, slog.LevelWarn, "mail was not sent; it will be tried again", append(attrs,
			slog.String("error", reason(sendErr)), slog.Duration("again_in", wait), slog.String("check", "SMTP_URL, MAIL_FROM, MAIL_DIR"))...)
		err = o.store.RetryMail(ctx, m, o.Now().Add(wait))
	}
	if err != nil {
		o.Log.LogAttrs(ctx, slog.LevelWarn, "mail stays in the outbox", append(attrs, slog.String("error", err.Error()))...)
	}
}

// backoff is how long to wait after a number of attempts.
func backoff(attempts int) time.Duration {
	wait := firstRetry
	for range attempts - 1 {
		if wait *= 2; wait >= lastRetry {
			return lastRetry
		}
	}
	return wait
}

// permanent says whether a mail server has refused this mail or its recipient for
// good. A refusal of the sender or of our sign-in is not one: that is mended by the
// operator, and the mail can go out then.
func permanent(err error) bool {
	e, ok := errors.AsType[*gomail.SendError](err)
	if !ok || e.ErrorCode() < 500 {
		return false
	}
	// 530 and 5.7.x are about who may send: relaying denied, sign in first.
	if e.ErrorCode() == 530 || strings.HasPrefix(e.EnhancedStatusCode(), "5.7.") {
		return false
	}
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return true
	}
	return false
}

// reason is what a log may tell of a failure: a server's own words may repeat the
// recipient, or the mail with its link.
func reason(err error) string {
	if e, ok := errors.AsType[*gomail.SendError](err); ok && e.ErrorCode() > 0 {
		return strings.TrimSpace(fmt.Sprintf("the mail server refused it: %v (%d %s)", e.Reason, e.ErrorCode(), e.EnhancedStatusCode()))
	}
	return err.Error()
}

// domain is what a log may tell of an address.
func domain(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
