package token

import (
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/store"
)

// sightings remembers when every instance had published a key.
type sightings struct {
	mu    sync.Mutex
	byAll map[string]time.Time
}

func (s *sightings) note(t testing.TB, now time.Time, minters ...*Minter) {
	t.Helper()
	count := map[string]int{}
	for _, m := range minters {
		for id := range parseJWKS(t, mustJWKS(t, m)) {
			count[id]++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range count {
		if _, known := s.byAll[id]; !known && n == len(minters) {
			s.byAll[id] = now
		}
	}
}

func (s *sightings) since(id string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.byAll[id]
	return at, known
}

// TestNoTokenIsSignedBeforeItsKeyIsKnown: two instances rotate twice under load. Each token is
// of a key that both had published for max-age and 10 s.
func TestNoTokenIsSignedBeforeItsKeyIsKnown(t *testing.T) {
	onTables(t, func(t *testing.T, db *store.Store) {
		clk := newClock()
		c := config(jose.EdDSA, clk)
		c.Rotation = ShortestRotation
		a, b := mustOpen(t, c, db), mustOpen(t, c, db)
		first := kidOf(t, a)
		seen := &sightings{byAll: map[string]time.Time{}}
		done := make(chan struct{})
		var load sync.WaitGroup
		defer func() { close(done); load.Wait() }()
		// check returns the key of a token, or "" after an error.
		check := func(m *Minter) string {
			now := clk.Now()
			token, err := m.Mint(alice, "ses_one", Kind{})
			if err != nil {
				t.Error(err)
				return ""
			}
			parsed, _, err := jwt.NewParser().ParseUnverified(token.Raw, jwt.MapClaims{})
			if err != nil {
				t.Error(err)
				return ""
			}
			kid := parsed.Header["kid"].(string)
			if at, known := seen.since(kid); kid != first && (!known || now.Sub(at) < MaxAge+10*time.Second) {
				t.Errorf("got a token of %s, published %v before (%v)", kid, now.Sub(at), known)
				return ""
			}
			return kid
		}
		for _, m := range []*Minter{a, b} {
			load.Go(func() {
				for check(m) != "" {
					select {
					case <-done:
						return
					case <-time.After(10 * time.Millisecond):
					}
				}
			})
		}
		signed := map[string]bool{}
		for range 2 {
			clk.Advance(ShortestRotation - lead - 10*time.Second)
			for second, end := 0, int((lead+20*time.Second)/time.Second); second < end; {
				switch second % 5 { // the instances read the table at different times
				case 0:
					mustMaintain(t, a)
				case 3:
					mustMaintain(t, b)
				}
				seen.note(t, clk.Now(), a, b)
				kid := check(a)
				if kid == "" || check(b) == "" {
					return
				}
				signed[kid] = true
				// A token that is signed too soon is still too soon three seconds later. Only around the
				// publication and the hand-over does each second count.
				step := 1
				if second > 40 && second < int(MaxAge/time.Second)-40 {
					step = 3
				}
				second += step
				clk.Advance(time.Duration(step) * time.Second)
			}
		}
		if len(signed) != 3 {
			t.Errorf("got tokens of %d keys, want of 3", len(signed))
		}
	})
}
