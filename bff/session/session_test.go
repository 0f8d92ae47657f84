package session

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff/token"

	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/store"
)

// start is when every test begins.
var start = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

// spy counts what reaches the real store, and lets a test step in between.
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

// each runs a test on every engine, with one user and no session.
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

// Mint counts the tokens.
func (f *fixture) Mint(user, handle string) (token.Token, error) {
	n := f.mints.Add(1)
	return token.Token{Raw: user + "/" + handle + "/" + string(rune('0'+n)), Expires: f.clock.Now().Add(5 * time.Minute)}, nil
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

func TestLimitsOfASession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		remember bool
		uses     []time.Duration // waits between uses that must succeed
		then     time.Duration   // a wait after which use must fail
	}{
		{"ends when it is not used for its lifetime", true, nil, 7 * day},
		{"use within the first day does not extend it", true, []time.Duration{day - time.Second}, 6*day + time.Second},
		{"use after a day extends it", true, []time.Duration{day, 7*day - time.Second}, 7 * day},
		{"nothing extends it past its absolute limit", true, []time.Duration{6 * day, 6 * day, 6 * day, 6 * day, 5 * day}, day},
		{"without rememberMe it lasts a day, used or not", false, []time.Duration{12 * time.Hour, 11 * time.Hour}, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, 0, func(f *fixture) {
				_, r := f.signIn(tt.remember, nil)
				for _, wait := range tt.uses {
					f.clock.Advance(wait)
					f.wantLive(r)
				}
				f.clock.Advance(tt.then)
				f.wantErr(r, ErrEnded)
				f.wantErr(r, ErrEnded)
			})
		})
	}
}

func TestLoweredLimitsApplyToExistingSessions(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.clock.Advance(2 * time.Hour)
		f.MaxAge = time.Hour
		f.wantErr(r, ErrEnded)
	})
}

func TestSignInEndsThePresentedSession(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		old, first := f.signIn(true, nil)
		f.wantLive(first) // now in the cache
		row, second := f.signIn(true, first)
		f.wantErr(first, ErrEnded)
		if live := f.wantLive(second); live.ID != row.ID || live.ID == old.ID {
			f.t.Errorf("got session %s, want the new %s", live.ID, row.ID)
		}
	})
}

func TestSignOutEndsTheSessionAtTheNextRequest(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		if err := f.signOut(r); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(r, ErrEnded)
		if err := f.signOut(r); err != nil {
			f.t.Errorf("got %v, want a second sign-out to succeed", err)
		}
	})
}

func TestSignOutEndsTheSessionOfEveryCookie(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, one := f.signIn(true, nil)
		_, two := f.signIn(true, nil)
		both := requestWith(one.Header.Get("Cookie") + "; " + two.Header.Get("Cookie"))
		f.wantErr(both, ErrUnsigned)
		if err := f.signOut(both); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(one, ErrEnded)
		f.wantErr(two, ErrEnded)
	})
}

func TestCacheAnswersWithoutAQueryAndForgetsInTime(t *testing.T) {
	t.Parallel()
	each(t, time.Minute, func(f *fixture) {
		row, r := f.signIn(true, nil)
		f.wantLive(r)
		before := f.spy.reads.Load()
		f.wantLive(r)
		if n := f.spy.reads.Load() - before; n != 0 {
			f.t.Errorf("got %d queries for a cached session, want 0", n)
		}
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil { // behind our back
			f.t.Fatal(err)
		}
		f.clock.Advance(time.Minute)
		f.wantErr(r, ErrEnded)
	})
}

func TestOtherInstancesRevocationIsSeenAtTheNextRequest(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		other := newFixture(f.t, f.db, 0)
		if err := other.signOut(r); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(r, ErrEnded)
	})
}

// TestAWriteToTheFileInvalidatesTheCache: on SQLite the command line ends sessions
// too, in a process of its own. PostgreSQL has no version, so every request asks.
func TestAWriteToTheFileInvalidatesTheCache(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		want := int64(1)
		if f.db.Shared() {
			want = 5
		}
		f.Version = f.db.Version
		_, r := f.signIn(true, nil)
		for range 5 {
			f.wantLive(r)
		}
		if n := f.spy.reads.Load(); n != want {
			f.t.Errorf("got the row read %d times while nobody wrote, want %d", n, want)
		}
		e := store.Event{At: f.now(), Type: store.EventUserDisabled, Actor: store.ActorOperator}
		if err := f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error { return tx.DisableUser(userID, e) }); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(r, ErrEnded)
	})
}

func TestWithoutAVersionTheCacheIsNotUsed(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		f.Version = func(context.Context) (int64, error) { return 0, errors.New("not to be had") }
		row, _, err := f.db.SessionByTokenHash(f.t.Context(), f.wantLive(r).TokenHash)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		f.wantErr(r, ErrEnded)
	})
}

func TestEndDuringAReadIsNotUndoneByTheCache(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.spy.afterRead = func() { // the row has been read and is about to be cached
			f.spy.afterRead = nil
			if err := f.signOut(r); err != nil {
				f.t.Error(err)
			}
		}
		f.wantLive(r) // it was alive when it was read
		f.wantErr(r, ErrEnded)
	})
}

func TestExtensionNeverResurrects(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		f.clock.Advance(day)
		f.spy.afterRead = func() { // revoked by another instance, just before the extension
			f.spy.afterRead = nil
			if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
				f.t.Error(err)
			}
		}
		f.wantErr(r, ErrEnded)
		if _, _, err := f.db.SessionByTokenHash(f.t.Context(), row.TokenHash); !errors.Is(err, store.ErrNotFound) {
			f.t.Errorf("got %v, want the row to stay away", err)
		}
	})
}

func TestParallelUseExtendsOnce(t *testing.T) {
	t.Parallel()
	for _, recheck := range []time.Duration{0, time.Hour} {
		each(t, recheck, func(f *fixture) {
			_, r := f.signIn(true, nil)
			f.wantLive(r)
			f.clock.Advance(day)
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if _, err := f.Check(r.Clone(context.Background())); err != nil {
						f.t.Errorf("got %v, want every request to pass", err)
					}
				})
			}
			wg.Wait()
			if n := f.spy.extensions.Load(); n != 1 {
				f.t.Errorf("got %d writes, want 1", n)
			}
			live := f.wantLive(r)
			if want := f.clock.Now().Add(7 * day); !live.ExpiresAt.Equal(want) {
				f.t.Errorf("got expiry %v, want %v", live.ExpiresAt, want)
			}
		})
	}
}

func TestCookieIsSentAgainAfterAnExtensionByAnyRequest(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		renewed := func() *http.Cookie {
			f.t.Helper()
			live, err := f.Read(r)
			if err != nil {
				f.t.Fatal(err)
			}
			c, err := f.Renewed(f.t.Context(), live)
			if err != nil {
				f.t.Fatal(err)
			}
			return c
		}
		if c := renewed(); c != nil {
			f.t.Errorf("got %v before any extension, want none", c)
		}
		f.clock.Advance(day)
		f.wantLive(r) // a proxied request extends the row
		f.clock.Advance(time.Hour)
		c := renewed()
		if c == nil || !strings.HasSuffix(r.Header.Get("Cookie"), c.Value) {
			f.t.Fatalf("got %v, want the same value again", c)
		}
		if want := int((7*day - time.Hour) / time.Second); c.MaxAge != want {
			f.t.Errorf("got Max-Age %d, want what is left of the session, %d", c.MaxAge, want)
		}
		if c := renewed(); c != nil {
			f.t.Errorf("got %v, want it sent once", c)
		}
	})
}

func TestCookieOfASessionThatHasJustEndedIsNotSent(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		f.clock.Advance(day)
		live, err := f.Read(r)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		if c, err := f.Renewed(f.t.Context(), live); c != nil || !errors.Is(err, ErrEnded) {
			f.t.Errorf("got %v, %v; want no cookie and %v", c, err, ErrEnded)
		}
	})
}

func TestOutageIsNotTheEndOfASession(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		if err := f.db.Close(); err != nil {
			f.t.Fatal(err)
		}
		_, err := f.Check(r)
		if err == nil || errors.Is(err, ErrEnded) || errors.Is(err, ErrNone) || errors.Is(err, ErrUnsigned) {
			f.t.Errorf("got %v, want an error that says nothing about the session", err)
		}
		if err := f.signOut(r); err == nil {
			f.t.Error("got a sign-out that was not stored, want an error")
		}
	})
}

func TestTokenIsMintedOncePerSessionAndLifetime(t *testing.T) {
	t.Parallel()
	for _, recheck := range []time.Duration{0, time.Hour} {
		each(t, recheck, func(f *fixture) {
			row, r := f.signIn(true, nil)
			var wg sync.WaitGroup
			f.wantLive(r)
			for range 20 {
				wg.Go(func() {
					live, err := f.Check(r.Clone(context.Background()))
					if err != nil {
						f.t.Error(err)
						return
					}
					if got, err := f.Token(live); err != nil || got.Raw != userID+"/"+row.ID+"/1" {
						f.t.Errorf("got token %q, %v", got.Raw, err)
					}
				})
			}
			wg.Wait()
			f.clock.Advance(5 * time.Minute)
			if _, err := f.Token(f.wantLive(r)); err != nil {
				f.t.Fatal(err)
			}
			if n := f.mints.Load(); n != 2 {
				f.t.Errorf("got %d tokens minted in two lifetimes, want 2", n)
			}
		})
	}
}

func TestUserAgentIsStoredAsBoundedText(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		r := requestWith()
		r.Header.Set("User-Agent", "\xff\xfe"+strings.Repeat("é", 600))
		row, req := f.signIn(true, r)
		live, err := f.Read(req)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(live.UserAgent) > maxUserAgent || live.UserAgent != row.UserAgent || !strings.HasPrefix(live.UserAgent, "\uFFFD") {
			f.t.Errorf("got %d bytes %q", len(live.UserAgent), live.UserAgent)
		}
		if live.IPAddress != "192.0.2.1" {
			f.t.Errorf("got address %q", live.IPAddress)
		}
	})
}

type oneToken struct{}

func (oneToken) Mint(string, string) (token.Token, error) { return token.Token{Raw: "t"}, nil }
func (oneToken) Fresh(t token.Token) bool                 { return t.Raw != "" }

func BenchmarkCheckCached(b *testing.B) {
	db := storetest.SQLite(b)
	clock := testclock.At(start)
	s, err := New(Config{
		Cookie: testCookie(), ExpiresIn: 7 * day, UpdateAge: day, MaxAge: 30 * day, Recheck: time.Hour,
		ClientIP: func(*http.Request) string { return "" }, Now: clock.Now,
		Tokens: oneToken{},
	}, db)
	if err != nil {
		b.Fatal(err)
	}
	next := s.Prepare(httptest.NewRequest(http.MethodGet, "/", nil), userID, true)
	err = db.Tx(b.Context(), "test", func(tx *store.Tx) error {
		return errors.Join(tx.CreateUser(store.User{ID: userID, Email: "t@example.com", CreatedAt: next.CreatedAt, UpdatedAt: next.CreatedAt}, "x"), tx.StartSession(next.Session))
	})
	if err != nil {
		b.Fatal(err)
	}
	cookie := s.Started(next)
	r := requestWith(cookie.Name + "=" + cookie.Value)
	for b.Loop() {
		live, err := s.Check(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Token(live); err != nil {
			b.Fatal(err)
		}
	}
}

// TestANewCookieLivesAsLongAsItsSession: also where the database took its time.
func TestANewCookieLivesAsLongAsItsSession(t *testing.T) {
	t.Parallel()
	each(t, time.Minute, func(f *fixture) {
		next := f.Prepare(requestWith(), userID, true)
		f.clock.Advance(3 * time.Second)
		cookie := f.Started(next)
		if want := int(7 * day / time.Second); cookie.MaxAge != want {
			f.t.Errorf("got Max-Age %d, want %d", cookie.MaxAge, want)
		}
	})
}
