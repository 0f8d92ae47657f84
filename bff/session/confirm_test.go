package session

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store"
)

func TestConfirmReportsTheEndOfASession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(f *fixture, row store.Session, r *http.Request) error
		want error // nil: any error that says nothing about the session
	}{
		{"by sign-out here", func(f *fixture, _ store.Session, r *http.Request) error { return f.signOut(r) }, ErrEnded},
		{"by another instance", func(f *fixture, row store.Session, _ *http.Request) error {
			return f.db.EndSession(f.t.Context(), row.TokenHash)
		}, ErrEnded},
		{"by expiry", func(f *fixture, _ store.Session, _ *http.Request) error {
			f.clock.Advance(8 * day)
			return nil
		}, ErrEnded},
		{"not by an outage", func(f *fixture, _ store.Session, _ *http.Request) error { return f.db.Close() }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, time.Hour, func(f *fixture) {
				f.Version = f.db.Version // PostgreSQL has none without a listener, so every lookup is a query
				row, r := f.signIn(true, nil)
				live := f.wantLive(r)
				if err := f.Confirm(f.t.Context(), live); err != nil {
					f.t.Fatalf("got %v for a live session", err)
				}
				if err := tt.end(f, row, r); err != nil {
					f.t.Fatal(err)
				}
				waittest.Until(f.t, "an error", func() bool { err := f.Confirm(f.t.Context(), live); return err != nil })
				if err := f.Confirm(f.t.Context(), live); errors.Is(err, ErrEnded) != (tt.want != nil) {
					f.t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// TestConfirmUsesTheCacheLikeCheck: an expired row in the cache needs no query either.
func TestConfirmUsesTheCacheLikeCheck(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		f.Version = f.db.Version
		_, r := f.signIn(true, nil)
		live := f.wantLive(r)
		before := f.spy.reads.Load()
		if err := f.Confirm(f.t.Context(), live); err != nil {
			f.t.Fatal(err)
		}
		if queried := f.spy.reads.Load() > before; queried != f.db.Shared() {
			f.t.Errorf("queried the database: %t, want %t", queried, f.db.Shared())
		}
	})
	each(t, 30*day, func(f *fixture) {
		f.Version = func(context.Context) (int64, error) { return 1, nil }
		_, r := f.signIn(true, nil)
		live := f.wantLive(r)
		f.clock.Advance(8 * day)
		if err := f.Confirm(f.t.Context(), live); !errors.Is(err, ErrEnded) {
			f.t.Errorf("got %v for a cached row that has expired", err)
		}
	})
}
