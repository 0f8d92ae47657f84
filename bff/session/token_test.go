package session

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/store"
)

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
					if got, err := f.Token(live, 0); err != nil || got.Raw != userID+"/"+row.ID+"/1" {
						f.t.Errorf("got token %q, %v", got.Raw, err)
					}
				})
			}
			wg.Wait()
			f.clock.Advance(5 * time.Minute)
			if _, err := f.Token(f.wantLive(r), 0); err != nil {
				f.t.Fatal(err)
			}
			if n := f.mints.Load(); n != 2 {
				f.t.Errorf("got %d tokens minted in two lifetimes, want 2", n)
			}
		})
	}
}

type oneToken struct{}

func (oneToken) Mint(*store.User, string, token.Kind) (token.Token, error) {
	return token.Token{Raw: "t"}, nil
}
func (oneToken) Fresh(t token.Token) bool { return t.Raw != "" }

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
		if _, err := s.Token(live, 0); err != nil {
			b.Fatal(err)
		}
	}
}
