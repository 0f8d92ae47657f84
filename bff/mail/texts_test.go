package mail

import (
	"bytes"
	"cmp"
	"errors"
	"log/slog"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestibule/internal/mailtest"
	"vestibule/internal/opaque"
	"vestibule/internal/waittest"
	"vestibule/store"
)

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
				f.Error("the log shows the token")
			}
		}
		// The name alone would not say where the link leads.
		if !strings.Contains(verify, "signed up at Our App (app.example.com) with") || !strings.Contains(verify, "Confirm address:") {
			f.Errorf("got %s, want the name of the site with its host, and the word confirm", verify)
		}
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(files) != 7 {
			f.Errorf("got files %v, %v; want seven complete files", files, err)
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
				f.Errorf("the mail contains the name that the user chose, which may be a link:\n%s", data)
			}
		}
		f.log.Want(f, folder)
		stop() // the last mail is deleted after its file is written
		if f.queued() != 0 {
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
			f.Fatalf("got %q before the old address was told", mails)
		}
		sender.refuse.Store(false)
		f.clock.Set(noon.Add(10 * time.Second))
		link := regexp.MustCompile(`token=([\w-]{43})`).FindStringSubmatch(mailtest.Wait(f, folder, "new@example.com", 1))
		if len(mailtest.To(f, folder, "ada@example.com")) != 1 {
			f.Fatal("the old address was not told")
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
		mailtest.Wait(f, folder, "ada@example.com", 3) // the notice about the changed password
		f.queue(store.Mail{Kind: store.MailEmailChanged, Recipient: "ada@example.com", UserID: "usr_ada"})
		waittest.Until(f, "an empty outbox", func() bool {
			_, err := f.db.ClaimMail(f.Context(), f.clock.Now(), f.clock.Now())
			return errors.Is(err, store.ErrNotFound)
		})
		if mails := mailtest.To(f, folder, "ada@example.com"); len(mails) != 3 {
			f.Errorf("got %d mails, want no mail about the change that was undone", len(mails))
		}
	})
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
			{Kind: store.MailChange, Recipient: "ada@example.com", UserID: "usr_ada", NewEmail: "free@example.com"},    // no session has requested it
			{Kind: store.MailEmailChanged, Recipient: "earlier@example.com", UserID: "usr_ada"},                        // the address is not reserved for this user
			{Kind: store.MailChange, Recipient: "earlier@example.com", UserID: "usr_ada", NewEmail: "new@example.com"}, // the address has changed in the meantime
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
