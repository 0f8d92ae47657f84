package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"vestibule/store/db"
)

// The kinds of mail.
const (
	MailVerify          = "verify-email"     // a link that verifies the recipient's address
	MailReset           = "reset-password"   // a link to a new password
	MailChange          = "change-email"     // a link, sent to NewEmail, that makes it the user's address
	MailChangeAsked     = "change-asked"     // a link, sent to the user's address, that stops or undoes the change
	MailAddressTaken    = "address-taken"    // somebody has signed up with the address of a user
	MailPasswordChanged = "password-changed" // notice
	MailEmailChanged    = "email-changed"    // notice to the old address, with a link that undoes the change
)

// Mail is a mail to be sent. It says what to send. The sender looks up the user and creates
// the link.
type Mail struct {
	ID          string // given by QueueMail, unless it is set
	Kind        string // Mail…
	Recipient   string // the address that the mail is about
	UserID      string // "" where the user of the address was not looked up
	SessionID   string // the session that requested it, with which it is deleted; "" for none
	AfterID     string // the mail that must be sent or given up before this one is due; "" for none
	NewEmail    string
	CallbackURL string // where the link leads in the end; "" for the default
	CreatedAt   time.Time
	DueAt       time.Time // not sent before
	Attempts    int       // to send it, so far
}

// QueueMail adds a mail to the queue.
func (tx *Tx) QueueMail(m Mail) error {
	tx.mailed = true
	_, err := tx.exec(`INSERT INTO mail (id, kind, recipient, "userId", "sessionId", "afterId", "newEmail", "callbackURL", "createdAt", "dueAt", attempts)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
		cmp.Or(m.ID, newMailID()), m.Kind, m.Recipient, nullable(m.UserID), nullable(m.SessionID), nullable(m.AfterID),
		nullable(m.NewEmail), nullable(m.CallbackURL), m.CreatedAt, m.DueAt)
	return err
}

func newMailID() string { return "mail_" + strings.ToLower(rand.Text()) }

// ClaimMail returns the mail that has been due longest, or ErrNotFound if none is due. No
// other caller gets this mail before until. After that somebody does, unless it was deleted
// or postponed, so a process that dies loses no mail. It counts the attempt.
func (s *Store) ClaimMail(ctx context.Context, now, until time.Time) (Mail, error) {
	for {
		m, err := s.dueMail(ctx, now)
		if err != nil {
			return Mail{}, err
		}
		claimed, err := s.PostponeMail(ctx, m, until)
		if err != nil {
			return Mail{}, err
		}
		if claimed {
			m.DueAt = until.UTC().Truncate(time.Millisecond)
			m.Attempts++
			return m, nil
		}
		// Another instance has claimed this mail. Look for the next one.
	}
}

func (s *Store) dueMail(ctx context.Context, now time.Time) (m Mail, err error) {
	for {
		err = s.Call(ctx, "due mail", func(ctx context.Context) error {
			return s.AccountRead().One(ctx,
				[]any{&m.ID, &m.Kind, &m.Recipient, &m.UserID, &m.SessionID, &m.NewEmail, &m.CallbackURL, db.Instant(&m.CreatedAt), db.Instant(&m.DueAt), &m.Attempts},
				`SELECT id, kind, recipient, COALESCE("userId", ''), COALESCE("sessionId", ''), COALESCE("newEmail", ''), COALESCE("callbackURL", ''), "createdAt", "dueAt", attempts
				FROM mail WHERE "dueAt" <= ? AND "afterId" IS NULL ORDER BY "dueAt", id LIMIT 1`, now)
		})
		if !db.IsUnreadable(err) {
			return m, err
		}
		if err := s.setAside(ctx, m.ID, now, err); err != nil {
			return Mail{}, err
		}
	}
}

// setAsideFor is for how long an unreadable mail is postponed, so that it does not block
// the others.
const setAsideFor = 24 * time.Hour

// setAside postpones an unreadable mail. It returns why if there is no such row.
func (s *Store) setAside(ctx context.Context, id string, now time.Time, why error) error {
	return s.Tx(ctx, "set mail aside", func(tx *Tx) error {
		n, err := tx.exec(`UPDATE mail SET "dueAt" = ? WHERE id = ?`, now.Add(setAsideFor), id)
		if err == nil && n == 0 {
			return why
		}
		return err
	})
}

// PostponeMail makes a mail due at another time and adds one attempt, if it is still due at
// the time that m says. It reports whether it was.
func (s *Store) PostponeMail(ctx context.Context, m Mail, due time.Time) (postponed bool, err error) {
	err = s.Tx(ctx, "postpone mail", func(tx *Tx) error {
		n, err := tx.exec(`UPDATE mail SET "dueAt" = ?, attempts = ? WHERE id = ? AND "dueAt" = ?`, due, m.Attempts+1, m.ID, m.DueAt)
		postponed = n > 0
		return err
	})
	return postponed && err == nil, err
}

// RetryMail makes a claimed mail due again without counting an attempt.
func (s *Store) RetryMail(ctx context.Context, m Mail, due time.Time) error {
	m.Attempts--
	_, err := s.PostponeMail(ctx, m, due)
	return err
}

// DeleteMail deletes a mail that was sent or must not be sent.
func (s *Store) DeleteMail(ctx context.Context, id string) error {
	return s.Tx(ctx, "delete mail", func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM mail WHERE id = ?`, id)
		return err
	})
}

// MailUser returns the user that a mail is for: the user with the address that it is about,
// who must be the one that it names, if it names one. A request for a new password may give
// an address that is reserved for a user who has changed theirs; then it is that user. It
// returns ErrNotFound when there is none, or when they are disabled.
func (s *Store) MailUser(ctx context.Context, m Mail) (User, error) {
	u, err := s.UserByEmail(ctx, m.Recipient)
	switch {
	case m.Kind == MailEmailChanged: // it is about an address that no user has now
		u, err = s.userByFormerAddress(ctx, m.UserID, m.Recipient)
	case m.Kind == MailReset && errors.Is(err, ErrNotFound):
		u, err = s.userByHeldAddress(ctx, m.Recipient, m.CreatedAt)
	}
	switch {
	case err != nil:
		return User{}, err
	case u.DisabledAt != nil, m.UserID != "" && m.UserID != u.ID:
		return User{}, ErrNotFound
	}
	return u, nil
}
