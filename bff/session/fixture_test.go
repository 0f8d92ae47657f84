package session

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/store"
)

// start is when every test begins.
var start = time.Date(2095, 2, 3, 4, 5, 6, 0, time.UTC)

// spy counts the calls of the real store. A test can act between a read and its result.
type spy struct {
	Store
	reads, extensions atomic.Int64
	ends              atomic.Int64
	afterRead         func()
}

func (s *spy) SessionByTokenHash(ctx context.Context, hash string) (store.Session, store.User, error) {
	s.reads.Add(1)
	row, user, err := s.Store.SessionByTokenHash(ctx, hash)
	if s.afterRead != nil {
		s.afterRead()
	}
	return row, user, err
}

func (s *spy) ExtendSession(ctx context.Context, hash string, seen, updatedAt, expiresAt time.Time) (bool, error) {
	s.extensions.Add(1)
	return s.Store.ExtendSession(ctx, hash, seen, updatedAt, expiresAt)
}

func (s *spy) EndSession(ctx context.Context, hash string) error {
	s.ends.Add(1)
	return s.Store.EndSession(ctx, hash)
}

func (s *spy) Tx(ctx context.Context, what string, f func(*store.Tx) error) error {
	s.ends.Add(1)
	return s.Store.Tx(ctx, what, f)
}

const (
	day    = 24 * time.Hour
	userID = "usr_test"
)

type fixture struct {
	*Sessions
	t     *testing.T
	db    *store.Store
	spy   *spy
	clock *testclock.Clock
	mints atomic.Int64
}

// Mint counts the tokens. A token for an audience says it, and one with claims the name.
func (f *fixture) Mint(user *store.User, handle string, k token.Kind) (token.Token, error) {
	raw := user.ID + "/" + handle + "/" + string(rune('0'+f.mints.Add(1)))
	if k.Audience != "" {
		raw += " for " + k.Audience
	}
	if len(k.Claims) > 0 {
		raw += " of " + user.Name
	}
	return token.Token{Raw: raw, Expires: f.clock.Now().Add(5 * time.Minute)}, nil
}

func (f *fixture) Fresh(t token.Token) bool { return f.clock.Now().Before(t.Expires) }

// signIn starts a session and returns its row and a request that presents it.
func (f *fixture) signIn(remember bool, presented *http.Request) (store.Session, *http.Request) {
	f.t.Helper()
	if presented == nil {
		presented = requestWith()
	}
	next := f.Prepare(presented, userID, remember)
	if err := f.db.Tx(f.t.Context(), "sign in", func(tx *store.Tx) error { return tx.StartSession(next.Session, next.Replaces...) }); err != nil {
		f.t.Fatal(err)
	}
	cookie := f.Started(next)
	return next.Session, requestWith(cookie.Name + "=" + cookie.Value)
}

func (f *fixture) signOut(r *http.Request) error {
	return f.End(r, store.Event{At: f.now(), Type: store.EventSignOut, Actor: store.ActorUser})
}

func (f *fixture) wantLive(r *http.Request) *Live {
	f.t.Helper()
	live, err := f.Check(r)
	if err != nil {
		f.t.Fatalf("got %v, want a live session", err)
	}
	return live
}

func (f *fixture) wantErr(r *http.Request, want error) {
	f.t.Helper()
	if _, err := f.Check(r); !errors.Is(err, want) {
		f.t.Fatalf("got error %v, want %v", err, want)
	}
}

// each runs a test on every engine. One user exists, with a session that no request presents.
func each(t *testing.T, recheck time.Duration, test func(*fixture)) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		f := newFixture(t, db, recheck)
		now := f.now()
		err := db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return errors.Join(tx.CreateUser(store.User{ID: userID, Name: "T", Email: "t@example.com", CreatedAt: now, UpdatedAt: now}, "x"), tx.StartSession(
				store.Session{ID: "ses_first", TokenHash: strings.Repeat("0", 64), UserID: userID, CreatedAt: now, UpdatedAt: now, CookieAt: now, ExpiresAt: now.Add(day)}))
		})

		if err != nil {
			t.Fatal(err)
		}
		test(f)
	})
}

func newFixture(t *testing.T, db *store.Store, recheck time.Duration) *fixture {
	t.Helper()
	f := &fixture{t: t, db: db, spy: &spy{Store: db}, clock: testclock.At(start)}
	var err error
	f.Sessions, err = New(Config{
		Cookie:    testCookie(),
		ExpiresIn: 7 * day,
		UpdateAge: day,
		MaxAge:    30 * day,
		Recheck:   recheck,
		ClientIP:  func(*http.Request) string { return "192.0.2.1" },
		Tokens:    f,
		Now:       f.clock.Now,
	}, f.spy)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// bound begins an exchange. Its context ends with the session, or when release is called.
func bound(ctx context.Context, s *Sessions, l *Live) (_ context.Context, release context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	lease := s.Bind(l, cancel)
	return ctx, func() {
		lease.Release()
		cancel(context.Canceled)
	}
}
