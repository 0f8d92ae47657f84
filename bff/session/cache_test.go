package session

import (
	"context"
	"errors"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store"
)

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
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil { // without the cache
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

// TestAnotherProcessInvalidatesTheCache: on SQLite the command line can also end sessions, in
// another process. On PostgreSQL without a listener, every request reads the row.
func TestAnotherProcessInvalidatesTheCache(t *testing.T) {
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
			f.t.Errorf("without a change of sessions, the row was read %d times, want %d", n, want)
		}
		e := store.Event{At: f.now(), Type: store.EventUserDisabled, Actor: store.ActorOperator}
		if err := f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error { return tx.DisableUser(userID, e) }); err != nil {
			f.t.Fatal(err)
		}
		waittest.Until(f.t, "the end of the session", func() bool { _, err := f.Check(r); return errors.Is(err, ErrEnded) })
	})
}

func TestWithoutAVersionTheCacheIsNotUsed(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		f.Version = func(context.Context) (int64, error) { return 0, errors.New("no version") }
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
		f.wantLive(r) // the session was live when its row was read
		f.wantErr(r, ErrEnded)
	})
}

// TestPeekAndReadQueryTheDatabase: their callers show the result or act on it, so it must be
// current.
func TestPeekAndReadQueryTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		for name, look := range map[string]func() error{
			"Peek": func() error { _, err := f.Peek(r); return err },
			"Read": func() error { _, err := f.Read(r); return err },
		} {
			f.wantLive(r) // now cached for an hour
			before := f.spy.reads.Load()
			if err := look(); err != nil {
				f.t.Fatal(err)
			}
			if n := f.spy.reads.Load() - before; n != 1 {
				f.t.Errorf("%s read the row %d times, want once", name, n)
			}
		}
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil { // without the cache
			f.t.Fatal(err)
		}
		if _, err := f.Peek(r); !errors.Is(err, ErrEnded) {
			f.t.Errorf("got %v from Peek, want %v", err, ErrEnded)
		}
	})
}

// TestACachedRowStillExpires: this needs no new read.
func TestACachedRowStillExpires(t *testing.T) {
	t.Parallel()
	each(t, 48*time.Hour, func(f *fixture) {
		_, r := f.signIn(false, nil)
		f.wantLive(r)
		f.clock.Advance(day)
		f.wantErr(r, ErrEnded)
	})
}

// TestASweepRemovesEndedSessionsFromTheCache: later requests are refused too.
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

// TestALateReadDoesNotUndoAnExtension: a slow request may cache a row that it has read before
// the extension.
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

// TestALateReadDoesNotUndoALaterOne: its row is older.
func TestALateReadDoesNotUndoALaterOne(t *testing.T) {
	t.Parallel()
	c, err := newCache(10)
	if err != nil {
		t.Fatal(err)
	}
	row := store.Session{ID: "ses_1", UpdatedAt: start, ExpiresAt: start.Add(day)}
	_, epoch := c.get("hash")
	e := c.put("hash", epoch, row, store.User{Name: "new"}, seen{time: start, read: 2})
	c.put("hash", epoch, row, store.User{Name: "old"}, seen{time: start, read: 1})
	if _, user := e.load(); user.Name != "new" || !e.isReadAfter(1) {
		t.Errorf("got the user %q of the read that began first", user.Name)
	}
}
