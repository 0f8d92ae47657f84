package token

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/store"
)

const rotation = 30 * 24 * time.Hour

// onTables runs a test with the key table of each engine.
func onTables(t *testing.T, test func(*testing.T, *store.Store)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) { test(t, db) })
}

func rotating(algorithm string, clk *testclock.Clock) Config {
	c := config(algorithm, clk)
	c.Rotation = rotation
	return c
}

func mustMaintain(t testing.TB, minters ...*Minter) {
	t.Helper()
	for _, m := range minters {
		if err := m.Maintain(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
}

func rowsOf(t testing.TB, keys Keys) []Key {
	t.Helper()
	rows, err := keys.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestKeysFollowEachOther(t *testing.T) {
	onTables(t, func(t *testing.T, db *store.Store) {
		clk := newClock()
		a, b := mustOpen(t, rotating(jose.EdDSA, clk), db), mustOpen(t, rotating(jose.EdDSA, clk), db)
		first := kidOf(t, a)
		all := func(what, signs string, published int) {
			t.Helper()
			mustMaintain(t, a, b)
			for _, m := range []*Minter{a, b} {
				if got := kidOf(t, m); got != signs {
					t.Errorf("%s: got key %s, want %s", what, got, signs)
				}
				if got := parseJWKS(t, mustJWKS(t, m)); len(got) != published {
					t.Errorf("%s: got %d published keys, want %d", what, len(got), published)
				}
			}
		}
		all("the first key signs at once", first, 1)
		old := mustMint(t, a)
		clk.Advance(rotation - lead - time.Second)
		all("before its successor is due", first, 1)
		clk.Advance(2 * time.Second)
		all("the successor is published first", first, 2)
		next := rowsOf(t, db)[1]
		if got := next.SignsAt.Sub(next.CreatedAt); got < MaxAge+10*time.Second {
			t.Errorf("got %v between publication and use, want max-age and 10 s", got)
		}
		clk.Advance(lead - 2*time.Second)
		all("before the successor's time", first, 2)
		late := mustMint(t, b)
		clk.Advance(3 * time.Second)
		all("the successor signs", next.ID, 2)
		for _, token := range []Token{old, late} { // one has long expired, the other one is valid
			if _, err := b.VerifySubject(t.Context(), token.Raw); (err == nil) != (token.Raw == late.Raw) {
				t.Errorf("a token of the first key: got %v", err)
			}
		}
		clk.Advance(LongestLife)
		all("until its last token has expired", next.ID, 2)
		clk.Advance(kept - LongestLife)
		all("the first key has ended", next.ID, 1)
		if rows := rowsOf(t, db); len(rows) != 1 || rows[0].ID != next.ID {
			t.Errorf("got %d rows, want the one that signs", len(rows))
		}
	})
}

func TestWithoutRotationNothingChanges(t *testing.T) {
	onTables(t, func(t *testing.T, db *store.Store) {
		clk := newClock()
		m := mustOpen(t, config(jose.ES256, clk), db)
		before := rowsOf(t, db)
		clk.Advance(10 * rotation)
		mustMaintain(t, m)
		if rows := rowsOf(t, db); len(rows) != 1 || rows[0].PrivateKey != before[0].PrivateKey {
			t.Errorf("got %+v, want %+v", rows, before)
		}
	})
}

// TestAnInstanceThatCannotReadGoesOn: it signs with the keys that it has, also with a
// successor that it has seen.
func TestAnInstanceThatCannotReadGoesOn(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, rotating(jose.EdDSA, clk), keys)
	first := kidOf(t, m)
	clk.Advance(rotation)
	mustMaintain(t, m)
	keys.err = errors.New("down")
	if err := m.Maintain(t.Context(), true); !errors.Is(err, keys.err) {
		t.Errorf("got %v, want %v", err, keys.err)
	}
	if got := kidOf(t, m); got != first {
		t.Errorf("got %s, want %s", got, first)
	}
	clk.Advance(lead)
	if got := kidOf(t, m); got != keys.rows[1].ID {
		t.Errorf("got %s, want the successor, whose time has come", got)
	}
}

// TestANextKeyThatCannotBeOpenedStopsNothing: another instance has made it with a secret that
// this one does not know.
func TestANextKeyThatCannotBeOpenedStopsNothing(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, rotating(jose.EdDSA, clk), keys)
	first := kidOf(t, m)
	other := rotating(jose.EdDSA, clk)
	other.Secret, other.PreviousSecrets = otherSecret, [][]byte{secret}
	clk.Advance(rotation)
	mustMaintain(t, mustOpen(t, other, keys))
	for range 2 {
		if err := m.Maintain(t.Context(), true); !errors.Is(err, ErrSecretDiffers) {
			t.Errorf("got %v, want %v", err, ErrSecretDiffers)
		}
		if got := kidOf(t, m); got != first {
			t.Errorf("got %s, want %s", got, first)
		}
		if got := parseJWKS(t, mustJWKS(t, m)); len(got) != 2 {
			t.Errorf("got %d published keys, want 2", len(got))
		}
		clk.Advance(lead + time.Second)
	}
}

// TestAnEarlierVersionSignsWithNoKeyBeforeItsTime: when it starts it chooses the newest key
// without an end, whose private part begins with v1.
func TestAnEarlierVersionSignsWithNoKeyBeforeItsTime(t *testing.T) {
	onTables(t, func(t *testing.T, db *store.Store) {
		clk := newClock()
		m := mustOpen(t, rotating(jose.EdDSA, clk), db)
		earlier := func() string {
			var best Key
			for _, k := range rowsOf(t, db) {
				if k.ExpiresAt == nil && strings.HasPrefix(k.PrivateKey, "v1.") && k.CreatedAt.After(best.CreatedAt) {
					best = k
				}
			}
			return best.ID
		}
		for range 3 {
			clk.Advance(rotation)
			mustMaintain(t, m)
			if got := earlier(); got != kidOf(t, m) {
				t.Errorf("got %q before the hand-over, want %q", got, kidOf(t, m))
			}
			clk.Advance(lead)
			mustMaintain(t, m)
			if got := earlier(); got != kidOf(t, m) {
				t.Errorf("got %q after the hand-over, want %q", got, kidOf(t, m))
			}
			clk.Advance(kept)
			mustMaintain(t, m)
		}
	})
}

func TestTheScheduleIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, rotating(jose.EdDSA, clk), keys)
	for _, pause := range []time.Duration{rotation, lead, kept} {
		clk.Advance(pause)
		mustMaintain(t, m)
	}
	var got []string
	for _, e := range keys.events {
		got = append(got, e.Type)
		if e.At.IsZero() || !strings.Contains(e.Detail, "EdDSA key_") {
			t.Errorf("got %+v, want the time and the key", e)
		}
	}
	if want := []string{store.EventKeyCreated, store.EventKeyCreated, store.EventKeyRetired}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestOnlyOneInstanceMakesTheNextKey although all find at once that it is due.
func TestOnlyOneInstanceMakesTheNextKey(t *testing.T) {
	onTables(t, func(t *testing.T, db *store.Store) {
		clk := newClock()
		var minters []*Minter
		for range 8 {
			minters = append(minters, mustOpen(t, rotating(jose.EdDSA, clk), db))
		}
		clk.Advance(rotation)
		errs := make(chan error, len(minters))
		for _, m := range minters {
			go func() { errs <- m.Maintain(context.WithoutCancel(t.Context()), true) }()
		}
		for range minters {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if rows := rowsOf(t, db); len(rows) != 2 {
			t.Errorf("got %d keys, want 2", len(rows))
		}
	})
}
