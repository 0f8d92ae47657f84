package session

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// streamFor starts an exchange that is already older than grace.
func streamFor(f *fixture, r *http.Request) (context.Context, context.CancelFunc) {
	f.t.Helper()
	ctx, release := bound(f.t.Context(), f.Sessions, f.wantLive(r))
	f.clock.Advance(2 * grace)
	return ctx, release
}

func ended(ctx context.Context) bool { return errors.Is(context.Cause(ctx), ErrEnded) }

func TestStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(f *fixture, row store.Session, r *http.Request) error
	}{
		{"by sign-out here", func(f *fixture, _ store.Session, r *http.Request) error { return f.signOut(r) }},
		{"by another instance", func(f *fixture, row store.Session, _ *http.Request) error {
			return f.db.EndSession(f.t.Context(), row.TokenHash)
		}},
		{"by expiry", func(f *fixture, _ store.Session, _ *http.Request) error {
			f.clock.Advance(8 * day)
			return nil
		}},
		{"by expiry while the database is unavailable", func(f *fixture, _ store.Session, _ *http.Request) error {
			f.clock.Advance(8 * day)
			return f.db.Close()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, time.Hour, func(f *fixture) {
				row, r := f.signIn(true, nil)
				ctx, release := streamFor(f, r)
				defer release()
				f.sweep(f.t.Context())
				if ended(ctx) {
					f.t.Fatal("the stream of a live session was ended")
				}
				if err := tt.end(f, row, r); err != nil {
					f.t.Fatal(err)
				}
				f.sweep(f.t.Context())
				if !ended(ctx) {
					f.t.Errorf("got %v, want the stream ended after a sweep", context.Cause(ctx))
				}
			})
		})
	}
}

func TestStreamsOfOtherSessionsGoOn(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		_, other := f.signIn(true, nil)
		ctx, release := streamFor(f, other)
		defer release()
		if err := f.signOut(r); err != nil {
			f.t.Fatal(err)
		}
		f.sweep(f.t.Context())
		if ctx.Err() != nil {
			f.t.Errorf("got %v, want the other session's stream to go on", context.Cause(ctx))
		}
	})
}

func TestOutageEndsNoStream(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		ctx, release := streamFor(f, r)
		defer release()
		if err := f.db.Close(); err != nil {
			f.t.Fatal(err)
		}
		f.sweep(f.t.Context())
		if ctx.Err() != nil {
			f.t.Errorf("got %v, want the stream to go on", context.Cause(ctx))
		}
	})
}

func TestShortRequestOutlivesSignOutByItsGrace(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		ctx, release := bound(f.t.Context(), f.Sessions, f.wantLive(r))
		defer release()
		if err := f.signOut(r); err != nil {
			f.t.Fatal(err)
		}
		f.sweep(f.t.Context())
		if ctx.Err() != nil {
			f.t.Fatalf("got %v within the grace, want the request to finish", context.Cause(ctx))
		}
		f.clock.Advance(grace)
		f.sweep(f.t.Context())
		if !ended(ctx) {
			f.t.Error("the request goes on after its grace")
		}
	})
}

func TestReleasedExchangesAreForgotten(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		_, r := f.signIn(true, nil)
		_, release := streamFor(f, r)
		release()
		if n := len(f.exchanges.open); n != 0 {
			f.t.Errorf("got %d exchanges after release, want 0", n)
		}
	})
}

// TestRunEndsStreamsInTime runs the sweeper with the real clock. Streams should end within two
// seconds. The test waits longer, because the machine may be busy.
func TestRunEndsStreamsInTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		f := newFixture(t, db, 0)
		f.Now = time.Now
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		defer func() { stop(); <-done }()
		next := f.Prepare(requestWith(), userID, true)
		err := db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return errors.Join(tx.CreateUser(store.User{ID: userID, Email: "t@example.com", CreatedAt: next.CreatedAt, UpdatedAt: next.CreatedAt}, "x"), tx.StartSession(next.Session))
		})
		if err != nil {
			t.Fatal(err)
		}
		cookie := f.Started(next)
		stream, release := bound(t.Context(), f.Sessions, f.wantLive(requestWith(cookie.Name+"="+cookie.Value)))
		defer release()
		if err := db.EndSession(t.Context(), next.TokenHash); err != nil {
			t.Fatal(err)
		}
		waittest.Receive(t, "the end of the stream", stream.Done())
	})
}

// TestStreamsEndAtOnce: once this process knows that a session has ended, its streams do not
// wait for the next sweep.
func TestStreamsEndAtOnce(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(f *fixture, row store.Session) error{
		"sign-out": func(f *fixture, row store.Session) error { f.Forget(row.TokenHash); return nil },
		"a request after the lifetime": func(f *fixture, _ store.Session) error {
			f.clock.Advance(8 * day)
			return nil
		},
		"a request after the limits were lowered": func(f *fixture, _ store.Session) error {
			f.MaxAge = grace
			return nil
		},
		"a request after another instance has ended the session": func(f *fixture, row store.Session) error {
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

// TestAStreamLivesAsLongAsItsExtendedSession: the lease only knows the end that the session had
// when the stream began.
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
			f.t.Errorf("got %v, want the stream to go on, because a request has extended the session", context.Cause(ctx))
		}
	})
}
