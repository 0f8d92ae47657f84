// Package mail sends the mails of the BFF: links that prove an address, and notices.
//
// It guarantees:
//   - A request never waits for a mail server and never fails because of one. It adds a
//     row to the outbox in its own transaction. The row stays until the mail has been
//     handed over to the server, even across restarts.
//   - The database contains no link. The link is made when the mail is sent, and only
//     the hash of its token is stored.
//   - This package, and not the request, looks up whether an address has an account. So
//     the request takes the same time in both cases.
//   - Only one of several instances sends a mail. If that one dies while sending, another
//     sends the mail. So a mail can arrive twice, but it is never lost.
//
// It never sends a password to a server in clear text. Mails contain no text that a
// stranger has typed, except the address of the recipient.
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
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"

	"vestibule/store"
)

const (
	// pollEvery is how often the outbox looks for mails that another instance has queued,
	// and for retries that are due.
	pollEvery = 2 * time.Second

	sendTimeout = 20 * time.Second
	claimFor    = 2 * time.Minute // much longer than sending a mail takes

	firstRetry = 5 * time.Second
	lastRetry  = 10 * time.Minute
	giveUp     = 24 * time.Hour // after this time nobody waits for the link any more
)

// Store has the methods of the database that the outbox needs.
type Store interface {
	ClaimMail(ctx context.Context, now, until time.Time) (store.Mail, error)
	RetryMail(ctx context.Context, m store.Mail, due time.Time) error
	DeleteMail(ctx context.Context, id string) error
	MailUser(ctx context.Context, m store.Mail) (store.User, error)
	AddressFree(ctx context.Context, email string, now time.Time) (bool, error)
	PutVerification(ctx context.Context, v store.Verification) error
}

// Sender sends a mail.
type Sender interface {
	Send(ctx context.Context, m *gomail.Msg, kind string) error
	Encoding() gomail.Encoding // of the plain text
}

// Config says how mails are sent. All fields are required.
type Config struct {
	BaseURL *url.URL        // the address to which links lead
	Name    string          // of the site
	From    netmail.Address // the sender
	Sender  Sender
	Now     func() time.Time
	Log     *slog.Logger
}

// Outbox sends the mails in the database. Make one with New.
type Outbox struct {
	Config
	store  Store
	wake   chan struct{}
	server atomic.Pointer[Server] // instead of Sender; nil: Sender
}

// New returns the outbox of a database.
func New(cfg Config, s Store) *Outbox {
	return &Outbox{Config: cfg, store: s, wake: make(chan struct{}, 1)}
}

// UseServer makes s send the mails from now on.
func (o *Outbox) UseServer(s *Server) { o.server.Store(s) }

func (o *Outbox) sender() Sender {
	if s := o.server.Load(); s != nil {
		return s
	}
	return o.Sender
}

// Wake tells the outbox that a mail has been queued. It never blocks.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// Run sends due mails until ctx ends.
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
			// Other failures already report an outage of the database; the mails wait.
			o.Log.LogAttrs(ctx, slog.LevelDebug, "no mail could be read", slog.String("error", err.Error()))
			return
		}
		o.settle(ctx, m, o.send(ctx, m))
	}
}

// errNobody means that a mail is not sent, because it has no recipient or no purpose any
// more.
var errNobody = errors.New("the mail has no recipient or purpose any more")

func (o *Outbox) send(ctx context.Context, m store.Mail) error {
	msg, err := o.compose(ctx, m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return o.sender().Send(ctx, msg, m.Kind)
}

// settle deletes a mail, or schedules its retry, depending on the result of sending.
func (o *Outbox) settle(ctx context.Context, m store.Mail, sendErr error) {
	// The end of the process must not prevent this: a sent mail would be sent again.
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

// backoff is the time to wait after the given number of attempts.
func backoff(attempts int) time.Duration {
	wait := firstRetry
	for range attempts - 1 {
		if wait *= 2; wait >= lastRetry {
			return lastRetry
		}
	}
	return wait
}

// permanent reports whether a mail server has permanently refused this mail or its
// recipient. A refusal of the sender or of our sign-in is not permanent: the operator can
// correct the settings, and then the mail can be sent.
func permanent(err error) bool {
	e, ok := errors.AsType[*gomail.SendError](err)
	if !ok || e.ErrorCode() < 500 {
		return false
	}
	// 530 and 5.7.x refuse the sender: "relaying denied", "sign in first".
	if e.ErrorCode() == 530 || strings.HasPrefix(e.EnhancedStatusCode(), "5.7.") {
		return false
	}
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return true
	}
	return false
}

// reason describes a failure for the log. It leaves out the server's text, which may repeat
// the recipient, or the mail with its link.
func reason(err error) string {
	if e, ok := errors.AsType[*gomail.SendError](err); ok && e.ErrorCode() > 0 {
		return strings.TrimSpace(fmt.Sprintf("the mail server refused the mail: %v (%d %s)", e.Reason, e.ErrorCode(), e.EnhancedStatusCode()))
	}
	return err.Error()
}

// domain is the part of an address that may be logged.
func domain(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
