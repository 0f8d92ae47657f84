package mail

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"vestibule/internal/mailtest"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

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
		t.Fatal("the mail was given up within a day")
	}
	f.clock.Set(noon.Add(24*time.Hour + time.Second))
	o.sendDue(t.Context())
	f.log.Want(t, "given up")
	if f.queued() != 0 {
		t.Error("the mail is still in the outbox")
	}
}

type failing struct{}

func (failing) Encoding() gomail.Encoding { return gomail.EncodingQP }

func (failing) Send(context.Context, *gomail.Msg, string) error { return errors.New("no") }

// TestAHangingMailServerBlocksNothing: the process can still end, and the mail is not lost.
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
		_, _ = io.Copy(io.Discard, conn) // and sends nothing
	}()
	o := f.outbox(f.sender(nil, "smtp://"+l.Addr().String()))
	f.queue(store.Mail{Kind: store.MailReset, Recipient: "ada@example.com"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		o.Run(ctx)
		close(ended)
	}()
	<-reached
	cancel()
	waittest.Receive(t, "the end of the outbox after its context has ended", ended)
	if f.queued() != 1 {
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
		waittest.Until(f, "an empty outbox", func() bool { return f.queued() == 0 })
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
	if f.queued() != 1 {
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
