package session

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vestibule/internal/opaque"
	"vestibule/store"
)

// TestARaisedLimitRevivesNoSession: what has ended by the limits of its day stays
// ended, also where its row is still there.
func TestARaisedLimitRevivesNoSession(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.clock.Advance(7*day + time.Hour)
		f.ExpiresIn, f.MaxAge = 14*day, 60*day
		f.wantErr(r, ErrEnded)
	})
}

func TestAListOfSessionsUsesTheCurrentLimits(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		f.signIn(true, nil)
		f.clock.Advance(2 * time.Hour)
		row, _ := f.signIn(true, nil)
		f.MaxAge = time.Hour
		list, err := f.Of(f.t.Context(), userID)
		if err != nil || len(list) != 1 || list[0].ID != row.ID {
			f.t.Errorf("got %d sessions, %v; want the one that is younger than the limit", len(list), err)
		}
	})
}

func TestPeekDoesNotExtendASession(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		f.clock.Advance(2 * day)
		live, err := f.Peek(r)
		if err != nil {
			f.t.Fatal(err)
		}
		if n := f.spy.extensions.Load(); n != 0 || !live.ExpiresAt.Equal(row.ExpiresAt) {
			f.t.Errorf("got %d extensions and an end at %v, want none and %v", n, live.ExpiresAt, row.ExpiresAt)
		}
		f.clock.Set(row.ExpiresAt)
		f.wantErr(r, ErrEnded)
	})
}

// TestPeekAndReadQueryTheDatabase: what they say is shown or acted upon.
func TestPeekAndReadQueryTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		for name, look := range map[string]func() error{
			"Peek": func() error { _, err := f.Peek(r); return err },
			"Read": func() error { _, err := f.Read(r); return err },
		} {
			f.wantLive(r) // now believed for an hour
			before := f.spy.reads.Load()
			if err := look(); err != nil {
				f.t.Fatal(err)
			}
			if n := f.spy.reads.Load() - before; n != 1 {
				f.t.Errorf("%s read the row %d times, want once", name, n)
			}
		}
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil { // behind our back
			f.t.Fatal(err)
		}
		if _, err := f.Peek(r); !errors.Is(err, ErrEnded) {
			f.t.Errorf("got %v from Peek, want %v", err, ErrEnded)
		}
	})
}

// TestACachedRowStillExpires: the cache need not be asked anew for that.
func TestACachedRowStillExpires(t *testing.T) {
	t.Parallel()
	each(t, 48*time.Hour, func(f *fixture) {
		_, r := f.signIn(false, nil)
		f.wantLive(r)
		f.clock.Advance(day)
		f.wantErr(r, ErrEnded)
	})
}

// TestASecondRequestDoesNotExtendAgain: between its look at the row and its turn
// another request has extended the session.
func TestASecondRequestDoesNotExtendAgain(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.clock.Advance(day)
		f.wantLive(r)
		f.spy.extensions.Store(0)
		f.clock.Advance(day)
		if _, err := f.Peek(r); err != nil { // read, and not extended
			f.t.Fatal(err)
		}
		calls := 0
		f.Now = func() time.Time {
			if calls++; calls == 2 { // the one of the extension
				f.Now = f.clock.Now
				f.wantLive(r.Clone(context.Background()))
			}
			return f.clock.Now()
		}
		f.wantLive(r)
		if calls < 2 {
			f.t.Fatal("the other request did not come in between")
		}
		if n := f.spy.extensions.Load(); n != 1 {
			f.t.Errorf("got %d extensions, want 1", n)
		}
	})
}

// TestStreamsEndAtOnce: not with the next sweep, once this process knows.
func TestStreamsEndAtOnce(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(f *fixture, row store.Session) error{
		"sign-out": func(f *fixture, row store.Session) error { f.Forget(row.TokenHash); return nil },
		"a request meets the end of its life": func(f *fixture, _ store.Session) error {
			f.clock.Advance(8 * day)
			return nil
		},
		"a request meets limits that were lowered": func(f *fixture, _ store.Session) error {
			f.MaxAge = grace
			return nil
		},
		"a request meets the end by another instance": func(f *fixture, row store.Session) error {
			return f.db.EndSession(f.t.Context(), row.TokenHash)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, 0, func(f *fixture) {
				row, r := f.signIn(true, nil)
				_, other := f.signIn(true, nil)
				ctx, release := streamFor(f, r)
				defer release()
				if err := end(f, row); err != nil {
					f.t.Fatal(err)
				}
				if name != "sign-out" {
					f.wantErr(r, ErrEnded)
				}
				if !ended(ctx) {
					f.t.Errorf("got %v, want the stream ended at once", context.Cause(ctx))
				}
				if name == "sign-out" {
					f.wantLive(other)
				}
			})
		})
	}
}

// TestASweepRemovesEndedSessionsFromTheCache: what it learns of an end holds for requests too.
func TestASweepRemovesEndedSessionsFromTheCache(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		_, release := streamFor(f, r)
		defer release()
		f.wantLive(r)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		f.sweep(f.t.Context())
		f.wantErr(r, ErrEnded)
	})
}

// TestAStreamLivesAsLongAsItsExtendedSession: the lease remembers the end that the
// session had when the stream began.
func TestAStreamLivesAsLongAsItsExtendedSession(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		ctx, release := streamFor(f, r)
		defer release()
		f.clock.Advance(6 * day)
		f.wantLive(r)
		f.clock.Set(row.ExpiresAt.Add(time.Hour))
		f.sweep(f.t.Context())
		if ctx.Err() != nil {
			f.t.Errorf("got %v, want the stream to go on: use has extended its session", context.Cause(ctx))
		}
	})
}

// TestASignatureHasOneEncoding: two cookies that differ would name one session.
func TestASignatureHasOneEncoding(t *testing.T) {
	t.Parallel()
	c := testCookie()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	token := opaque.NewToken()
	_, value, _ := strings.Cut(c.build(token, time.Hour).String(), "=")
	value, _, _ = strings.Cut(value, ";")
	value = strings.NewReplacer("%2F", "/", "%2B", "+", "%3D", "=").Replace(value)
	if _, err := c.read(requestWith(c.Name + "=" + value)); err != nil {
		t.Fatal(err)
	}
	// The last character before the padding has two bits that mean nothing.
	at := len(value) - 2
	other := alphabet[strings.IndexByte(alphabet, value[at])|1]
	twisted := value[:at] + string(other) + "="
	if _, err := c.read(requestWith(c.Name + "=" + twisted)); !errors.Is(err, ErrUnsigned) {
		t.Errorf("got %v, want %v for a second spelling of the signature", err, ErrUnsigned)
	}
}

// TestAnOverlongCookieIsNotParsed, even if it were ours.
func TestAnOverlongCookieIsNotParsed(t *testing.T) {
	t.Parallel()
	c := testCookie()
	cookie := c.build(strings.Repeat("x", maxCookieValue), time.Hour)
	if _, err := c.read(requestWith(cookie.Name + "=" + cookie.Value)); !errors.Is(err, ErrUnsigned) {
		t.Errorf("got %v, want %v", err, ErrUnsigned)
	}
}

// TestAnEmptyTokenIsRefused, though it were signed.
func TestAnEmptyTokenIsRefused(t *testing.T) {
	t.Parallel()
	c := testCookie()
	if _, err := c.read(requestWith(c.Name + "=" + c.value(""))); !errors.Is(err, ErrUnsigned) {
		t.Errorf("got %v, want %v", err, ErrUnsigned)
	}
}

// TestAReplacedSessionIsReportedBeforeOtherEndedOnes: whichever comes first, the answer must not
// clear a newer cookie.
func TestAReplacedSessionIsReportedBeforeOtherEndedOnes(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		row, gone := f.signIn(true, nil)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		_, old := f.signIn(true, nil)
		f.signIn(true, old)
		f.wantErr(old, ErrReplaced)
		f.wantErr(both(gone, old), ErrReplaced)
		f.wantErr(both(old, gone), ErrReplaced)
	})
}

// TestASessionAtItsAbsoluteLimitIsNotExtended with every request.
func TestASessionAtItsAbsoluteLimitIsNotExtended(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		for range 4 {
			f.clock.Advance(6 * day)
			f.wantLive(r)
		}
		f.clock.Advance(2 * day) // of the 30 that it has at most
		before := f.spy.extensions.Load()
		f.wantLive(r)
		if n := f.spy.extensions.Load() - before; n != 0 {
			f.t.Errorf("got %d writes, want none: there is nothing to extend", n)
		}
	})
}

// TestALateReadDoesNotUndoAnExtension: the row was read before, by a request that was
// slower.
func TestALateReadDoesNotUndoAnExtension(t *testing.T) {
	t.Parallel()
	c, err := newCache(10)
	if err != nil {
		t.Fatal(err)
	}
	row := store.Session{ID: "ses_1", UpdatedAt: start, ExpiresAt: start.Add(day)}
	_, epoch := c.get("hash")
	e := c.put("hash", epoch, row, store.User{}, seen{time: start})
	e.extended(start.Add(day), start.Add(8*day))
	c.put("hash", epoch, row, store.User{}, seen{time: start})
	if got, _ := e.load(); !got.ExpiresAt.Equal(start.Add(8 * day)) {
		t.Errorf("got an end at %v, want %v", got.ExpiresAt, start.Add(8*day))
	}
}
