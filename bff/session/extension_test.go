package session

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vestibule/store"
)

func TestAnExtensionNeverRevivesASession(t *testing.T) {
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
			f.t.Errorf("got %v, want no row", err)
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

// TestAStreamDoesNotExtendASession: a page opens the next one every few minutes, whether
// anybody is there or not.
func TestAStreamDoesNotExtendASession(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		row, r := f.signIn(true, nil)
		f.clock.Advance(2 * day)
		stream := r.Clone(r.Context())
		stream.Header.Set("Accept", "text/event-stream")
		if live := f.wantLive(stream); f.spy.extensions.Load() != 0 || !live.ExpiresAt.Equal(row.ExpiresAt) {
			f.t.Errorf("got %d extensions and an end at %v, want none and %v", f.spy.extensions.Load(), live.ExpiresAt, row.ExpiresAt)
		}
		f.wantLive(r)
		if n := f.spy.extensions.Load(); n != 1 {
			f.t.Errorf("got %d extensions by another request, want 1", n)
		}
	})
}

// TestASecondRequestDoesNotExtendAgain: another request extends the session after this one has
// read the row and before it extends the session itself.
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
			if calls++; calls == 2 { // the extension asks for the time
				f.Now = f.clock.Now
				f.wantLive(r.Clone(context.Background()))
			}
			return f.clock.Now()
		}
		f.wantLive(r)
		if calls < 2 {
			f.t.Fatal("the other request did not run in between")
		}
		if n := f.spy.extensions.Load(); n != 1 {
			f.t.Errorf("got %d extensions, want 1", n)
		}
	})
}

// TestASessionAtItsAbsoluteLimitIsNotExtended: a request must not cause a useless write.
func TestASessionAtItsAbsoluteLimitIsNotExtended(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		for range 4 {
			f.clock.Advance(6 * day)
			f.wantLive(r)
		}
		f.clock.Advance(2 * day) // 26 of at most 30 days have passed
		before := f.spy.extensions.Load()
		f.wantLive(r)
		if n := f.spy.extensions.Load() - before; n != 0 {
			f.t.Errorf("got %d writes, want none", n)
		}
	})
}
