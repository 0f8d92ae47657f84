package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"vestibule/internal/mailtest"
	"vestibule/internal/opaque"
	"vestibule/internal/smtptest"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/internal/testlog"
	"vestibule/internal/testtls"
	"vestibule/internal/waittest"
	"vestibule/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is an outbox with a user, ada@example.com, whose address is not verified.
type fixture struct {
	*testing.T
	db    *store.Store
	clock *testclock.Clock
	log   *testlog.Buffer
	user  store.User
}

func newFixture(t *testing.T, db *store.Store) *fixture {
	t.Helper()
	f := &fixture{T: t, db: db, clock: testclock.At(noon), log: &testlog.Buffer{}}
	f.user = store.User{ID: "usr_ada", Name: "Click http://evil.example\r\nBcc: x@evil.example", Email: "ada@example.com", CreatedAt: noon, UpdatedAt: noon}
	if err := db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(f.user, "hash") }); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) outbox(s Sender) *Outbox {
	base, err := url.Parse("https://app.example.com")
	if err != nil {
		f.Fatal(err)
	}
	return New(Config{
		BaseURL: base, From: netmail.Address{Name: "Größe", Address: "no-reply@app.example.com"}, Sender: s,
		Now: f.clock.Now, Log: slog.New(slog.NewJSONHandler(f.log, nil)),
	}, f.db)
}

// run sends mails until stop is called or the test ends. Before stop returns, the mail that
// is being sent is settled.
func (f *fixture) run(o *Outbox) (stop func()) {
	ctx, cancel := context.WithCancel(f.Context())
	var wg sync.WaitGroup
	wg.Go(func() { o.Run(ctx) })
	stop = func() {
		cancel()
		wg.Wait()
	}
	f.Cleanup(stop)
	return stop
}

func (f *fixture) queue(m store.Mail) {
	f.Helper()
	f.clock.Set(f.clock.Now().Add(time.Millisecond)) // they are sent in this order
	m.CreatedAt, m.DueAt = f.clock.Now(), f.clock.Now()
	if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error { return tx.QueueMail(m) }); err != nil {
		f.Fatal(err)
	}
}

// left counts the mails in the outbox.
func (f *fixture) left() (n int) {
	f.Helper()
	far := f.clock.Now().Add(1000 * time.Hour)
	for {
		if _, err := f.db.ClaimMail(f.Context(), far, far.Add(time.Hour)); errors.Is(err, store.ErrNotFound) {
			return n
		} else if err != nil {
			f.Fatal(err)
		}
		n++
	}
}

func each(t *testing.T, test func(*fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.Store) { test(newFixture(t, db)) })
}

func TestTheContentOfMails(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		folder := f.TempDir()
		o := f.outbox(Folder{Path: filepath.Join(folder, "new"), Log: slog.New(slog.NewJSONHandler(f.log, nil))})
		folder = filepath.Join(folder, "new")
		session := f.session("ses_ada")
		for _, m := range []store.Mail{
			{Kind: store.MailVerify, Recipient: "ada@example.com"},
			{Kind: store.MailReset, Recipient: "ada@example.com", CallbackURL: "https://spa.example.com/new?x=1&y=ä"},
			{Kind: store.MailAddressTaken, Recipient: "ada@example.com"},
			{Kind: store.MailPasswordChanged, Recipient: "ada@example.com", UserID: "usr_ada"},
			{Kind: store.MailChangeAsked, Recipient: "ada@example.com", UserID: "usr_ada"},
			{Kind: store.MailReset, Recipient: "ada@example.com"},
			{Kind: store.MailChange, Recipient: "ada@example.com", UserID: "usr_ada", SessionID: session.ID, NewEmail: "new@example.com"},
		} {
			f.queue(m)
		}
		stop := f.run(o)
		verify := mailtest.Wait(f, folder, "ada@example.com", 1)
		reset := mailtest.Wait(f, folder, "ada@example.com", 2)
		change := mailtest.Wait(f, folder, "new@example.com", 1)
		waittest.Until(f, "six mails", func() bool { return len(mailtest.To(f, folder, "ada@example.com")) == 6 })
		asked, again := mailtest.Wait(f, folder, "ada@example.com", 5), mailtest.Wait(f, folder, "ada@example.com", 6)

		for text, pattern := range map[string]string{
			asked:  `(?m)^https://app\.example\.com/api/auth/undo-email\?token=([\w-]{43})$`,
			again:  `(?m)^https://app\.example\.com/api/auth/reset-password/([\w-]{43})$`,
			verify: `(?m)^https://app\.example\.com/api/auth/verify-email\?token=([\w-]{43})&callbackURL=%2F$`,
			reset:  `(?m)^https://app\.example\.com/api/auth/reset-password/([\w-]{43})\?callbackURL=https%3A%2F%2Fspa\.example\.com%2Fnew%3Fx%3D1%26y%3D%C3%A4$`,
			change: `(?m)^https://app\.example\.com/api/auth/verify-email\?token=([\w-]{43})&callbackURL=%2F$`,
		} {
			link := regexp.MustCompile(pattern).FindStringSubmatch(text)
			if link == nil {
				f.Errorf("got %s, want a line %s", text, pattern)
				continue
			}
			purpose := map[string]string{verify: store.PurposeVerify, change: store.PurposeChange, asked: store.PurposeUndo}[text]
			life, says := time.Hour, "for one hour"
			if purpose == store.PurposeUndo {
				life, says = 7*24*time.Hour, "for seven days"
			}
			v, err := f.db.LinkByToken(f.Context(), opaque.Hash(link[1]), cmp.Or(purpose, store.PurposeReset))
			if err != nil || v.UserID != "usr_ada" || v.Email != "ada@example.com" || !v.ExpiresAt.Equal(f.clock.Now().Add(life)) ||
				(v.NewEmail != "") != (text == change) || (v.SessionID == session.ID) != (text == change) || !strings.Contains(text, says) {
				f.Errorf("got %+v, %v for\n%s", v, err, text)
			}
			if strings.Contains(f.log.String(), link[1]) {
				f.Error("the log has the token")
			}
		}
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(files) != 7 {
			f.Errorf("got files %v, %v; want seven and nothing half written", files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				f.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
			}
			m, err := netmail.ReadMessage(bytes.NewReader(data))
			if err != nil {
				f.Fatal(err)
			}
			from, err := m.Header.AddressList("From")
			if err != nil || len(from) != 1 || from[0].Name != "Größe" || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Date") == "" ||
				!strings.HasSuffix(m.Header.Get("Message-ID"), "@app.example.com>") || m.Header.Get("Bcc") != "" {
				f.Errorf("got header %v", m.Header)
			}
			if bytes.Contains(data, []byte("evil")) {
				f.Errorf("what a stranger typed as name is in\n%s", data)
			}
		}
		f.log.Want(f, folder)
		stop() // the last mail is deleted after it is there
		if f.left() != 0 {
			f.Error("sent mails are still in the outbox")
		}
	})
}

// session creates a session of the user.
func (f *fixture) session(id string) store.Session {
	f.Helper()
	s := store.Session{ID: id, TokenHash: opaque.Hash(id), UserID: f.user.ID, CreatedAt: noon, UpdatedAt: noon, CookieAt: noon, ExpiresAt: noon.Add(time.Hour)}
	if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(s) }); err != nil {
		f.Fatal(err)
	}
	return s
}

// TestTheOldAddressIsToldFirst: the new address gets its link after the old one has been
// told. When the change is done, the old address gets another mail, with a link that undoes
// it. If the change has been undone before, nobody gets a mail.
func TestTheOldAddressIsToldFirst(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		session := f.session("ses_ada")
		sender := &refusing{Sender: Folder{Path: f.TempDir(), Log: slog.New(slog.DiscardHandler)}}
		sender.refuse.Store(true)
		folder := sender.Sender.(Folder).Path
		asked := store.Mail{Kind: store.MailChangeAsked, Recipient: "ada@example.com", UserID: "usr_ada", CreatedAt: noon, DueAt: noon}
		confirm := asked
		confirm.Kind, confirm.NewEmail = store.MailChange, "new@example.com"
		if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error {
			return tx.RequestEmailChange(asked, confirm, store.Event{At: noon, UserID: "usr_ada", SessionID: session.ID})
		}); err != nil {
			f.Fatal(err)
		}
		f.run(f.outbox(sender))
		f.log.Want(f, "it will be tried again")
		if mails := mailtest.To(f, folder, "new@example.com"); len(mails) > 0 {
			f.Fatalf("got %q before the old address has heard", mails)
		}
		sender.refuse.Store(false)
		f.clock.Set(noon.Add(10 * time.Second))
		link := regexp.MustCompile(`token=([\w-]{43})`).FindStringSubmatch(mailtest.Wait(f, folder, "new@example.com", 1))
		if len(mailtest.To(f, folder, "ada@example.com")) != 1 {
			f.Fatal("the old address has not heard")
		}
		undo := regexp.MustCompile(`token=([\w-]{43})`).FindStringSubmatch(mailtest.Wait(f, folder, "ada@example.com", 1))
		if link == nil || undo == nil {
			f.Fatal("a mail has no link")
		}
		if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error {
			_, err := tx.VerifyEmail(opaque.Hash(link[1]), store.Proof{Session: session.ID}, store.Event{At: noon})
			return err
		}); err != nil {
			f.Fatal(err)
		}
		done := regexp.MustCompile(`undo-email\?token=([\w-]{43})`).FindStringSubmatch(mailtest.Wait(f, folder, "ada@example.com", 2))
		if done == nil || done[1] == undo[1] {
			f.Errorf("got %q, want another link", done)
		}
		if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error {
			_, err := tx.UndoEmailChange(opaque.Hash(undo[1]), "hash", store.Event{At: noon})
			return err
		}); err != nil {
			f.Fatal(err)
		}
		mailtest.Wait(f, folder, "ada@example.com", 3) // that the password was changed
		f.queue(store.Mail{Kind: store.MailEmailChanged, Recipient: "ada@example.com", UserID: "usr_ada"})
		waittest.Until(f, "an empty outbox", func() bool {
			_, err := f.db.ClaimMail(f.Context(), f.clock.Now(), f.clock.Now())
			return errors.Is(err, store.ErrNotFound)
		})
		if mails := mailtest.To(f, folder, "ada@example.com"); len(mails) != 3 {
			f.Errorf("got %d mails, want none of the change that was undone", len(mails))
		}
	})
}

// refusing is a Sender that can refuse to send.
type refusing struct {
	Sender
	refuse atomic.Bool
}

func (s *refusing) Send(ctx context.Context, m *gomail.Msg, kind string) error {
	if s.refuse.Load() {
		return errors.New("not now")
	}
	return s.Sender.Send(ctx, m, kind)
}

func TestMailsWithoutARecipientAreDropped(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		other := store.User{ID: "usr_eve", Email: "eve@example.com", EmailVerified: true, CreatedAt: noon, UpdatedAt: noon}
		gone := store.User{ID: "usr_gone", Email: "gone@example.com", CreatedAt: noon, UpdatedAt: noon}
		for _, u := range []store.User{other, gone} {
			if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(u, "hash") }); err != nil {
				f.Fatal(err)
			}
		}
		if err := f.db.Tx(f.Context(), "test", func(tx *store.Tx) error { return tx.DisableUser("usr_gone", store.Event{At: noon}) }); err != nil {
			f.Fatal(err)
		}
		for _, m := range []store.Mail{
			{Kind: store.MailReset, Recipient: "nobody@example.com"},
			{Kind: store.MailVerify, Recipient: "nobody@example.com"},
			{Kind: store.MailVerify, Recipient: "eve@example.com"},                                                     // verified
			{Kind: store.MailReset, Recipient: "gone@example.com"},                                                     // disabled
			{Kind: store.MailChange, Recipient: "ada@example.com", UserID: "usr_ada", NewEmail: "eve@example.com"},     // taken
			{Kind: store.MailChange, Recipient: "ada@example.com", UserID: "usr_ada", NewEmail: "free@example.com"},    // no session has asked
			{Kind: store.MailEmailChanged, Recipient: "earlier@example.com", UserID: "usr_ada"},                        // not kept for them
			{Kind: store.MailChange, Recipient: "earlier@example.com", UserID: "usr_ada", NewEmail: "new@example.com"}, // changed meanwhile
			{Kind: store.MailPasswordChanged, Recipient: "eve@example.com", UserID: "usr_ada"},
		} {
			f.queue(m)
		}
		folder := f.TempDir()
		o := f.outbox(Folder{Path: folder, Log: slog.New(slog.DiscardHandler)})
		f.queue(store.Mail{Kind: store.MailVerify, Recipient: "ada@example.com"})
		f.run(o)
		mailtest.Wait(f, folder, "ada@example.com", 1)
		waittest.Until(f, "an empty outbox", func() bool {
			_, err := f.db.ClaimMail(f.Context(), noon, noon)
			return errors.Is(err, store.ErrNotFound)
		})
		if files, _ := filepath.Glob(filepath.Join(folder, "*")); len(files) != 1 {
			f.Errorf("got %d mails, want one", len(files))
		}
	})
}

// smtpServer returns a Sender for the server.
func (f *fixture) sender(s *smtptest.Server, roots *testtls.Authority, target string) *Server {
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
		"STARTTLS and a password":         {TLS: config, User: "app", Password: "p#w"},
		"TLS from the start":              {TLS: config, Implicit: true, User: "app", Password: "p#w"},
		"in clear, on this machine":       {},
		"a password, on this machine":     {User: "app", Password: "p#w"},
		"tls=off, where that was wanted":  {},
		"TLS is taken where it is offers": {TLS: config},
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
			o := f.outbox(f.sender(s, authority, target))
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
	sender := f.sender(s, nil, "smtp://app:p%23w@"+s.Addr)
	sender.Host = "0.0.0.0" // leads here, and is no name of this machine
	o := f.outbox(sender)
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	o.sendDue(t.Context())
	if s.Logins() != 0 || len(s.To("ada@example.com")) != 0 {
		t.Errorf("got %d passwords and %d mails over a wire in clear", s.Logins(), len(s.To("ada@example.com")))
	}
	f.log.Want(t, "STARTTLS") // so it was asked
	if strings.Contains(f.log.String(), "p#w") || strings.Contains(f.log.String(), "ada@") {
		t.Errorf("the log has the password or the address:\n%s", f.log)
	}
	if f.left() != 1 {
		t.Error("the mail is lost")
	}
}

func TestAServerThatIsDownGetsTheMailLater(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		s := &smtptest.Server{}
		s.Start(f)
		s.Stop()
		o := f.outbox(f.sender(s, nil, "smtp://"+s.Addr))
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
		s.Start(f)
		o.sendDue(f.Context())
		if got := s.To("ada@example.com"); len(got) != 1 || f.left() != 0 {
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
			o := f.outbox(f.sender(s, nil, "smtp://"+s.Addr))
			f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
			o.sendDue(t.Context())
			f.log.Want(t, strconv.Itoa(tt.code))
			if strings.Contains(f.log.String(), "ada@") {
				t.Errorf("the log has the address:\n%s", f.log)
			}
			if got := f.left(); got != tt.left {
				t.Errorf("got %d mails left, want %d", got, tt.left)
			}
			if !strings.Contains(f.log.String(), `"level":"`+tt.level+`"`) {
				t.Errorf("got %s, want a record of level %s", f.log, tt.level)
			}
		})
	}
	s := &smtptest.Server{User: "app", Password: "another"}
	s.Start(t)
	o := f.outbox(f.sender(s, nil, "smtp://app:wrong@"+s.Addr))
	before := f.left()
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	o.sendDue(t.Context())
	if got := f.left(); got != before+1 {
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

func TestMailIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.SQLite(t))
	o := f.outbox(failing{})
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	for n := 0; f.clock.Now().Before(noon.Add(23 * time.Hour)); n++ {
		o.sendDue(t.Context())
		f.clock.Set(f.clock.Now().Add(lastRetry))
	}
	if strings.Contains(f.log.String(), "given up") {
		t.Fatal("given up within a day")
	}
	f.clock.Set(noon.Add(24*time.Hour + time.Second))
	o.sendDue(t.Context())
	f.log.Want(t, "given up")
	if f.left() != 0 {
		t.Error("the mail is still in the outbox")
	}
}

type failing struct{}

func (failing) Encoding() gomail.Encoding { return gomail.EncodingQP }

func (failing) Send(context.Context, *gomail.Msg, string) error { return errors.New("no") }

// TestAHangingMailServerBlocksNothing: neither the end of the process nor the mail.
func TestAHangingMailServerBlocksNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.SQLite(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	reached := make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		close(reached)
		_, _ = io.Copy(io.Discard, conn) // and never a word
	}()
	o := f.outbox(f.sender(nil, nil, "smtp://"+l.Addr().String()))
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		o.Run(ctx)
		close(ended)
	}()
	<-reached
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the outbox goes on after it was told to stop")
	}
	if f.left() != 1 {
		t.Error("the mail is lost")
	}
}

// TestSeveralInstancesSendOnce: the instances share one store, as on PostgreSQL.
func TestSeveralInstancesSendOnce(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		const mails = 30
		folder := f.TempDir()
		for range mails {
			f.queue(store.Mail{Kind: store.MailAddressTaken, Recipient: "ada@example.com"})
		}
		for range 4 {
			f.run(f.outbox(Folder{Path: folder, Log: slog.New(slog.DiscardHandler)}))
		}
		waittest.Until(f, "all sent", func() bool { return len(mailtest.To(f, folder, "ada@example.com")) >= mails })
		waittest.Until(f, "an empty outbox", func() bool { return f.left() == 0 })
		if got := len(mailtest.To(f, folder, "ada@example.com")); got != mails {
			f.Errorf("got %d mails, want %d", got, mails)
		}
	})
}

func TestAFolderThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.SQLite(t))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	f.outbox(Folder{Path: file, Log: slog.New(slog.DiscardHandler)}).sendDue(t.Context())
	f.log.Want(t, "MAIL_DIR")
	if f.left() != 1 {
		t.Error("the mail is lost")
	}
}

// TestARetryReplacesTheLink: nobody has received the earlier link.
func TestARetryReplacesTheLink(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
		o := f.outbox(failing{})
		for range 5 {
			o.sendDue(f.Context())
			f.clock.Set(f.clock.Now().Add(lastRetry))
		}
		n, err := f.db.DeleteExpiredVerifications(f.Context(), noon.Add(100*time.Hour))
		if err != nil || n != 1 {
			f.Errorf("got %d links, %v; want 1", n, err)
		}
	})
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
