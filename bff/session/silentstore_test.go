package session

import (
	"context"
	"errors"
	"testing"
	"time"

	"vestibule/store"
)

// silentStore is a database that does not answer.
type silentStore struct {
	Store
	reads, writes bool
}

func (s silentStore) SessionByTokenHash(ctx context.Context, hash string) (store.Session, store.User, error) {
	if s.reads {
		<-ctx.Done()
		return store.Session{}, store.User{}, context.Cause(ctx)
	}
	return s.Store.SessionByTokenHash(ctx, hash)
}

func (s silentStore) ExtendSession(ctx context.Context, hash string, seen, updatedAt, expiresAt time.Time) (bool, error) {
	if s.writes {
		<-ctx.Done()
		return false, context.Cause(ctx)
	}
	return s.Store.ExtendSession(ctx, hash, seen, updatedAt, expiresAt)
}

// TestACheckDoesNotWaitForASilentDatabase: it has a limit of its own, which also ends the
// wait for a turn. The database here has none.
func TestACheckDoesNotWaitForASilentDatabase(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		f.store = silentStore{Store: f.db, writes: true}
		f.clock.Advance(2 * day) // it has to be extended
		if _, err := f.Check(r); !errors.Is(err, store.ErrUnavailable) {
			f.t.Errorf("extend: got %v, want %v", err, store.ErrUnavailable)
		}
		f.store = silentStore{Store: f.db, reads: true}
		_, one := lookupPlaces(f.db.Shares())
		results := make(chan error)
		for range 2 * one {
			go func() {
				_, err := f.Check(r)
				results <- err
			}()
		}
		for range 2 * one {
			if err := <-results; !errors.Is(err, store.ErrUnavailable) {
				f.t.Errorf("look up: got %v, want %v", err, store.ErrUnavailable)
			}
		}
	})
}
