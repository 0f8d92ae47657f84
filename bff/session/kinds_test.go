package session

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/waittest"
	"vestibule/store"
)

func TestASessionHasOneTokenOfEachKind(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		kinds := []token.Kind{{}, {Audience: "billing"}, {Audience: "mail"}}
		f.setKinds(kinds)
		_, r := f.signIn(true, nil)
		f.wantLive(r)
		for lifetime := range 2 {
			var mu sync.Mutex
			got := map[string]bool{}
			var wg sync.WaitGroup
			for i := range 3 * len(kinds) {
				wg.Go(func() {
					live, err := f.Check(r.Clone(context.Background()))
					if err != nil {
						f.t.Error(err)
						return
					}
					kind := i % len(kinds)
					tok, err := f.Token(live, kind)
					if err != nil || !strings.HasSuffix(tok.Raw, kinds[kind].Audience) {
						f.t.Errorf("kind %d: got %q, %v", kind, tok.Raw, err)
					}
					mu.Lock()
					defer mu.Unlock()
					got[tok.Raw] = true
				})
			}
			wg.Wait()
			if n := f.mints.Load(); len(got) != 3 || n != int64(3*(lifetime+1)) {
				f.t.Errorf("lifetime %d: got %d minted, and tokens %v", lifetime, n, got)
			}
			f.clock.Advance(5 * time.Minute)
		}
	})
}

// TestATokenFollowsTheUser: when a claim changes, the next request gets a new token. Other
// tokens stay, and so do tokens with claims when something else changes.
func TestATokenFollowsTheUser(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		claims := []string{token.ClaimName}
		f.setKinds([]token.Kind{{Claims: claims}, {Audience: "billing"}, {Audience: "mail", Claims: claims}})
		_, r := f.signIn(true, nil)
		tokens := func() (all [3]string) {
			live := f.wantLive(r)
			for kind := range all {
				tok, err := f.Token(live, kind)
				if err != nil {
					f.t.Fatal(err)
				}
				all[kind] = tok.Raw
			}
			return all
		}
		change := func(c store.UserChange) {
			if err := f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error { return tx.UpdateUser(userID, c, f.now()) }); err != nil {
				f.t.Fatal(err)
			}
		}
		first := tokens()
		picture := new("https://example.com/ada.png")
		change(store.UserChange{Image: &picture})
		if got := tokens(); got != first {
			f.t.Errorf("another picture: got %q, want %q", got, first)
		}
		change(store.UserChange{Name: new("Augusta")})
		second := tokens()
		if !strings.HasSuffix(second[0], " of Augusta") || !strings.HasSuffix(second[2], " for mail of Augusta") || second[1] != first[1] {
			f.t.Errorf("another name: got %q after %q", second, first)
		}
		if got := tokens(); got != second {
			f.t.Errorf("no change: got %q, want %q", got, second)
		}
	})
}

// TestACachedRowFollowsTheUser: the row in memory does not keep a claim alive.
func TestACachedRowFollowsTheUser(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		f.setKinds([]token.Kind{{Claims: []string{token.ClaimName}}})
		f.Version = f.db.Version
		f.clock.Set(time.Now().UTC().Truncate(time.Millisecond)) // PostgreSQL announces what it holds to be alive
		ctx, cancel := context.WithCancel(f.t.Context())
		var running sync.WaitGroup
		running.Go(func() { f.Run(ctx) })
		defer running.Wait()
		defer cancel()
		_, r := f.signIn(true, nil)
		if _, err := f.Token(f.wantLive(r), 0); err != nil {
			f.t.Fatal(err)
		}
		err := f.db.Tx(f.t.Context(), "test", func(tx *store.Tx) error {
			return tx.UpdateUser(userID, store.UserChange{Name: new("Augusta")}, f.now())
		})
		if err != nil {
			f.t.Fatal(err)
		}
		waittest.Until(f.t, "a token with the new name", func() bool {
			tok, err := f.Token(f.wantLive(r), 0)
			return err == nil && strings.HasSuffix(tok.Raw, " of Augusta")
		})
	})
}

func TestTheFurtherTokensAreBounded(t *testing.T) {
	t.Parallel()
	f, err := newFurtherTokens(2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		f.put(tokenKey{"ses_" + strconv.Itoa(i), 1}, held{Token: token.Token{Raw: "t"}})
	}
	if f.get(tokenKey{"ses_0", 1}).Raw != "" || f.get(tokenKey{"ses_2", 1}).Raw != "t" || f.get(tokenKey{"ses_2", 2}).Raw != "" {
		t.Errorf("got %v", f.lru.Keys())
	}
}

func TestAnUnknownClaimIsRefused(t *testing.T) {
	t.Parallel()
	s := &Sessions{}
	unknown := token.Kind{Claims: []string{"phone_number"}}
	if err := s.openKinds([]token.Kind{{}, unknown}); err == nil || !strings.Contains(err.Error(), "phone_number") {
		t.Errorf("got %v", err)
	}
	if err := s.openKinds(nil); err != nil || len(*s.kinds.all.Load()) != 1 {
		t.Errorf("got %v, kinds %v", err, *s.kinds.all.Load())
	}
	if _, err := s.Kind(unknown); err == nil || len(*s.kinds.all.Load()) != 1 {
		t.Errorf("got %v, kinds %v", err, *s.kinds.all.Load())
	}
}

// TestAKindKeepsItsNumber: a token in memory is found by the number of its kind. If a reload gave
// the number to another kind, a request would carry a token for another API.
func TestAKindKeepsItsNumber(t *testing.T) {
	t.Parallel()
	s := &Sessions{}
	if err := s.openKinds([]token.Kind{{Audience: "tasks"}}); err != nil {
		t.Fatal(err)
	}
	mail := token.Kind{Audience: "mail", Claims: []string{token.ClaimName, token.ClaimEmail}}
	for i, k := range []token.Kind{{Audience: "tasks"}, mail, {Audience: "billing"}, {Audience: "billing", Scope: "read"}, mail} {
		if got, err := s.Kind(k); err != nil || got != i%4 && k.Audience != "mail" || k.Audience == "mail" && got != 1 {
			t.Errorf("kind %d: got %d, %v", i, got, err)
		}
	}
	mail.Claims = []string{token.ClaimEmail, token.ClaimName}
	if got, err := s.Kind(mail); err != nil || got != 1 {
		t.Errorf("with the claims in another order: got %d, %v, want the same kind", got, err)
	}
}

// setKinds sets the kinds of tokens before the first request.
func (f *fixture) setKinds(kinds []token.Kind) {
	f.t.Helper()
	if err := f.openKinds(kinds); err != nil {
		f.t.Fatal(err)
	}
}
