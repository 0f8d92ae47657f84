package mail

import (
	"context"
	"errors"
	"log/slog"
	netmail "net/mail"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/internal/testlog"
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
		BaseURL: base, Name: "Our App", From: netmail.Address{Name: "Größe", Address: "no-reply@app.example.com"}, Sender: s,
		Now: f.clock.Now, Log: slog.New(slog.NewJSONHandler(f.log, nil)),
	}, f.db)
}

// run sends mails until stop is called or the test ends. stop waits for the mail that is being
// sent.
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

// queued counts the mails in the outbox.
func (f *fixture) queued() (n int) {
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
