package mail

import (
	"crypto/tls"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"vestibule/internal/mailtest"
	"vestibule/internal/smtptest"
	"vestibule/internal/storetest"
	"vestibule/internal/testtls"
	"vestibule/store"
)

// sender returns a Sender for target. Its TLS trusts roots, unless they are nil.
func (f *fixture) sender(roots *testtls.Authority, target string) *Server {
	f.Helper()
	parsed, err := ParseServer(target)
	if err != nil {
		f.Fatal(err)
	}
	if roots != nil {
		parsed.Roots = &tls.Config{RootCAs: roots.Pool}
	}
	return parsed
}

func TestMailReachesAServer(t *testing.T) {
	t.Parallel()
	authority := testtls.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t)}}
	f := newFixture(t, storetest.SQLite(t))
	for name, s := range map[string]*smtptest.Server{
		"STARTTLS and a password":             {TLS: config, User: "app", Password: "p#w"},
		"TLS from the start":                  {TLS: config, Implicit: true, User: "app", Password: "p#w"},
		"without TLS, on this machine":        {},
		"a password, on this machine":         {User: "app", Password: "p#w"},
		"tls=off, as configured":              {},
		"TLS is used if the server offers it": {TLS: config},
	} {
		t.Run(name, func(t *testing.T) {
			s.Start(t)
			target := "smtp://"
			if s.Implicit {
				target = "smtps://"
			}
			if s.User != "" {
				target += "app:p%23w@"
			}
			target += s.Addr
			if strings.HasPrefix(name, "tls=off") {
				target += "?tls=off"
			}
			o := f.outbox(f.sender(authority, target))
			f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
			o.sendDue(t.Context())
			got := s.To("ada@example.com")
			if len(got) != 1 {
				t.Fatalf("got %d mails, want 1:\n%s", len(got), f.log)
			}
			if to, text := mailtest.Read(t, got[0]); to != "ada@example.com" || !strings.Contains(text, "/api/auth/reset-password/") {
				t.Errorf("got a mail to %s:\n%s", to, text)
			}
		})
	}
}

func TestNoPasswordIsSentInClear(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.SQLite(t))
	s := &smtptest.Server{User: "app", Password: "p#w"} // no TLS is offered
	s.Start(t)
	sender := f.sender(nil, "smtp://app:p%23w@"+s.Addr)
	sender.Host = "0.0.0.0" // resolves to this machine, but is not one of its local names
	o := f.outbox(sender)
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	o.sendDue(t.Context())
	if s.Logins() != 0 || len(s.To("ada@example.com")) != 0 {
		t.Errorf("got %d passwords and %d mails over an unencrypted connection", s.Logins(), len(s.To("ada@example.com")))
	}
	f.log.Want(t, "STARTTLS") // this proves that the server was contacted
	if strings.Contains(f.log.String(), "p#w") || strings.Contains(f.log.String(), "ada@") {
		t.Errorf("the log shows the password or the address:\n%s", f.log)
	}
	if f.queued() != 1 {
		t.Error("the mail is lost")
	}
}

func TestAServerThatIsDownGetsTheMailLater(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		s := &smtptest.Server{}
		s.Start(f)
		sender := f.sender(nil, "smtp://"+s.Addr)
		port := sender.Port
		sender.Port = 1 // nothing listens there
		o := f.outbox(sender)
		f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
		for i, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			o.sendDue(f.Context())
			f.log.Want(f, `"attempts":`+string(rune('1'+i)))
			f.clock.Set(f.clock.Now().Add(wait - time.Millisecond))
			if _, err := f.db.ClaimMail(f.Context(), f.clock.Now(), f.clock.Now()); !errors.Is(err, store.ErrNotFound) {
				f.Errorf("attempt %d: got %v, want nothing due before %v", i+1, err, wait)
			}
			f.clock.Set(f.clock.Now().Add(time.Millisecond))
		}
		sender.Port = port
		o.sendDue(f.Context())
		if got := s.To("ada@example.com"); len(got) != 1 || f.queued() != 0 {
			f.Errorf("got %d mails, want 1 and none left", len(got))
		}
	})
}

func TestWhichMailRefusalsAreFinal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.SQLite(t))
	for _, tt := range []struct {
		name  string
		code  int
		left  int
		level string
	}{
		{"no such mailbox <ada@example.com>", 550, 0, "ERROR"},
		{"greylisted <ada@example.com>", 451, 1, "WARN"},
		{"5.7.1 relaying of <ada@example.com> denied", 550, 1, "WARN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &smtptest.Server{Refuse: func(string) error {
				return &smtp.SMTPError{Code: tt.code, EnhancedCode: smtp.EnhancedCode{tt.code / 100, enhanced(tt.name), 1}, Message: tt.name}
			}}
			s.Start(t)
			o := f.outbox(f.sender(nil, "smtp://"+s.Addr))
			f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
			o.sendDue(t.Context())
			f.log.Want(t, strconv.Itoa(tt.code))
			if strings.Contains(f.log.String(), "ada@") {
				t.Errorf("the log shows the address:\n%s", f.log)
			}
			if got := f.queued(); got != tt.left {
				t.Errorf("got %d mails left, want %d", got, tt.left)
			}
			if !strings.Contains(f.log.String(), `"level":"`+tt.level+`"`) {
				t.Errorf("got %s, want a record of level %s", f.log, tt.level)
			}
		})
	}
	s := &smtptest.Server{User: "app", Password: "another"}
	s.Start(t)
	o := f.outbox(f.sender(nil, "smtp://app:wrong@"+s.Addr))
	before := f.queued()
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	o.sendDue(t.Context())
	if got := f.queued(); got != before+1 {
		t.Error("a mail was given up because of our own password")
	}
}

// enhanced is the subject of a refusal's enhanced status code (RFC 3463). 7 means that the
// sender is refused.
func enhanced(text string) int {
	if strings.HasPrefix(text, "5.7") {
		return 7
	}
	return 1
}

func FuzzParseServer(f *testing.F) {
	for _, seed := range []string{"smtp://u:p@h:587", "smtps://h", "smtp://h?tls=off", "smtp://[::1]:25", "x", "smtp://u:hunter2@h:x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseServer(text)
		if err != nil {
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: got %v with the password", text, err)
			}
			return
		}
		if s.Host == "" || s.Port < 1 || s.Port > 65535 || (s.User == "") != (s.Password == "") || s.Plain && s.Implicit {
			t.Errorf("%q became %+v", text, s)
		}
	})
}
