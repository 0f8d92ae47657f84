package session

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

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
				err := f.Confirm(f.t.Context(), live)
				if err == nil || errors.Is(err, ErrEnded) != (tt.want != nil) {
					f.t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// TestConfirmReadsTheDatabase: another instance may have ended the session a moment ago.
func TestConfirmReadsTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		f.Version = func(context.Context) (int64, error) { return 1, nil }
		row, r := f.signIn(true, nil)
		live := f.wantLive(r)
		if err := f.db.EndSession(f.t.Context(), row.TokenHash); err != nil {
			f.t.Fatal(err)
		}
		f.wantLive(r) // from memory
		if err := f.Confirm(f.t.Context(), live); !errors.Is(err, ErrEnded) {
			f.t.Errorf("got %v, want %v", err, ErrEnded)
		}
	})
}
