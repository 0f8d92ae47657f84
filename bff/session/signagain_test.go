package session

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/opaque"
	"vestibule/store"
)

// The secrets of a change. Fixtures sign with the old one.
var oldSecret, newSecret = strings.Repeat("s", 32), strings.Repeat("n", 32)

// signedWith returns the request with the session's cookie, if exactly this secret has signed it.
func signedWith(t *testing.T, c *http.Cookie, secret string) *http.Request {
	t.Helper()
	if c == nil {
		t.Fatal("got no cookie")
	}
	r := requestWith(c.Name + "=" + c.Value)
	only := cookieOf(secret)
	if found, err := only.read(r); err != nil || found[0].stale {
		t.Fatalf("got cookie %v, want it signed with the secret %.3s…: %v", c, secret, err)
	}
	return r
}

// TestACookieOfThePreviousSecretIsSignedAgain: in both directions, and with what is left of the
// session's life.
func TestACookieOfThePreviousSecretIsSignedAgain(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		for _, remember := range []bool{true, false} {
			f.Cookie = cookieOf(oldSecret, newSecret) // step 1
			_, r := f.signIn(remember, nil)
			f.clock.Advance(time.Hour)
			if c := f.SignedAgain(f.t.Context(), f.wantLive(r)); c != nil {
				f.t.Errorf("got %v for a cookie of the current secret, want none", c)
			}
			f.Cookie = cookieOf(newSecret, oldSecret) // step 2
			c := f.SignedAgain(f.t.Context(), f.wantLive(r))
			r = signedWith(f.t, c, newSecret)
			left := 0
			if remember {
				left = int((7*day - time.Hour) / time.Second)
			}
			if c.MaxAge != left || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode {
				f.t.Errorf("remember %t: got %v, want Max-Age %d and our attributes", remember, c, left)
			}
			f.clock.Advance(signAgainEvery)
			f.Cookie = cookieOf(oldSecret, newSecret) // back to step 1
			signedWith(f.t, f.SignedAgain(f.t.Context(), f.wantLive(r)), oldSecret)
		}
	})
}

// TestAnOldFormOfSignatureIsNoPreviousSecret: an instance of an earlier version may still need
// the old form, so only get-session replaces it.
func TestAnOldFormOfSignatureIsNoPreviousSecret(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		live := f.wantLive(r)
		r = requestWith(f.Cookie.Name + "=" + legacyValue([]byte(oldSecret), live.cookie.token))
		if c := f.SignedAgain(f.t.Context(), f.wantLive(r)); c != nil {
			f.t.Errorf("got %v for the current secret, want none", c)
		}
		f.Cookie = cookieOf(newSecret, oldSecret)
		signedWith(f.t, f.SignedAgain(f.t.Context(), f.wantLive(r)), newSecret)
	})
}

// TestALateAnswerSignsNoCookieAgain: the browser may have a newer cookie by then.
func TestALateAnswerSignsNoCookieAgain(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.Cookie = cookieOf(newSecret, oldSecret)
		live := f.wantLive(r)
		f.clock.Advance(signAgainWithin + time.Millisecond)
		if c := f.SignedAgain(f.t.Context(), live); c != nil {
			f.t.Errorf("got %v in a late answer, want none", c)
		}
		live = f.wantLive(r)
		f.clock.Advance(signAgainWithin)
		if c := f.SignedAgain(f.t.Context(), live); c == nil {
			f.t.Error("got no cookie in an answer that is just soon enough")
		}
	})
}

// TestACookieOfAnEndedSessionIsNotSignedAgain: another instance has ended it a moment ago, and
// this one has it in memory.
func TestACookieOfAnEndedSessionIsNotSignedAgain(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		f.Version = func(context.Context) (int64, error) { return 1, nil }
		row, r := f.signIn(true, nil)
		f.Cookie = cookieOf(newSecret, oldSecret)
		live := f.wantLive(r)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		if c := f.SignedAgain(f.t.Context(), live); c != nil {
			f.t.Errorf("got %v, want none", c)
		}

		f.Cookie = cookieOf(oldSecret)
		_, r = f.signIn(false, nil)
		f.Cookie = cookieOf(newSecret, oldSecret)
		f.clock.Advance(day - time.Second)
		live = f.wantLive(r)
		f.clock.Advance(time.Second)
		if c := f.SignedAgain(f.t.Context(), live); c != nil {
			f.t.Errorf("got %v for a session that has just expired, want none", c)
		}
	})
}

// writeSpy counts the calls that mark cookies as sent.
type writeSpy struct {
	Store
	marks atomic.Int64
}

func (s *writeSpy) MarkCookieSent(ctx context.Context, hash string, at time.Time) error {
	s.marks.Add(1)
	return s.Store.MarkCookieSent(ctx, hash, at)
}

// TestManyRequestsSignACookieOnce: of fifty at once, one reads a row, and none writes.
func TestManyRequestsSignACookieOnce(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		f.Version = func(context.Context) (int64, error) { return 1, nil }
		_, r := f.signIn(true, nil)
		f.Cookie = cookieOf(newSecret, oldSecret)
		writes := &writeSpy{Store: f.store}
		f.store = writes
		for round := range 2 {
			f.wantLive(r) // its row is in memory from now on
			before := f.spy.reads.Load()
			var cookies atomic.Int64
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					live, err := f.Check(r.Clone(context.Background()))
					if err != nil {
						f.t.Errorf("got %v", err)
					} else if f.SignedAgain(f.t.Context(), live) != nil {
						cookies.Add(1)
					}
				})
			}
			all.Wait()
			if read := f.spy.reads.Load() - before; cookies.Load() != 1 || read != 1 || writes.marks.Load()+f.spy.extensions.Load() != 0 {
				f.t.Errorf("round %d: got %d cookies with %d reads and %d writes, want one, one and none", round, cookies.Load(), read, writes.marks.Load())
			}
			f.clock.Advance(signAgainEvery) // the browser has not got it
		}
	})
}

// limitSpy notes how long a read may take, and does not answer.
type limitSpy struct {
	Store
	limit time.Duration
}

func (s *limitSpy) SessionByTokenHash(ctx context.Context, _ string) (store.Session, store.User, error) {
	until, _ := ctx.Deadline()
	s.limit = time.Until(until)
	return store.Session{}, store.User{}, store.ErrUnavailable
}

// TestASilentDatabaseDelaysNoAnswerForLong: and there is no cookie then.
func TestASilentDatabaseDelaysNoAnswerForLong(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.Cookie = cookieOf(newSecret, oldSecret)
		live := f.wantLive(r)
		silent := &limitSpy{Store: f.store}
		f.store = silent
		if c := f.SignedAgain(f.t.Context(), live); c != nil || silent.limit == 0 || silent.limit > signAgainLimit {
			f.t.Errorf("got %v, and a read that may take %v; want none, and at most %v", c, silent.limit, signAgainLimit)
		}
	})
}

// TestOfTwoSignaturesTheCurrentOneCounts: of two cookies with one token, the other one may have
// another path. We cannot replace that one, and would send the cookie again for ever.
func TestOfTwoSignaturesTheCurrentOneCounts(t *testing.T) {
	t.Parallel()
	c, old, token := cookieOf(newSecret, oldSecret), cookieOf(oldSecret), opaque.NewToken()
	for _, cookies := range [][]string{{c.value(token), old.value(token)}, {old.value(token), c.value(token)}} {
		got, err := c.read(requestWith(c.Name+"="+cookies[0], c.Name+"="+cookies[1]))
		if want := (presented{token: token}); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %+v, %v, want %+v", cookies, got, err, want)
		}
	}
}
