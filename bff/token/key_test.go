package token

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/jose"
)

func TestTheFirstKeyIsMadeAndThenKept(t *testing.T) {
	t.Parallel()
	for algorithm, curve := range map[string]string{jose.EdDSA: "Ed25519", jose.ES256: "P-256"} {
		t.Run(algorithm, func(t *testing.T) {
			clk := newClock()
			keys := &memory{}
			first := mustOpen(t, config(algorithm, clk), keys)
			clk.Advance(time.Hour)
			second := mustOpen(t, config(algorithm, clk), keys)
			if len(keys.rows) != 1 {
				t.Fatalf("got %d keys, want 1", len(keys.rows))
			}
			k := keys.rows[0]
			if kidOf(t, first) != k.ID || kidOf(t, second) != k.ID {
				t.Errorf("got kids %q and %q, want %q", kidOf(t, first), kidOf(t, second), k.ID)
			}
			if !strings.HasPrefix(k.ID, "key_") || len(k.ID) != 30 || strings.ToLower(k.ID) != k.ID {
				t.Errorf("got id %q, want key_ and 26 lower-case characters", k.ID)
			}
			if k.Algorithm != algorithm || k.Curve != curve || k.ExpiresAt != nil {
				t.Errorf("got %q on %q until %v, want %q on %q without an end", k.Algorithm, k.Curve, k.ExpiresAt, algorithm, curve)
			}
			if want := time.Date(2026, 2, 3, 4, 5, 6, 789_000_000, time.UTC); k.CreatedAt != want {
				t.Errorf("got CreatedAt %v, want %v", k.CreatedAt, want)
			}
		})
	}
}

func TestHS256NeedsNoTable(t *testing.T) {
	t.Parallel()
	keys := &memory{}
	mustMint(t, mustOpen(t, config(jose.HS256, newClock()), keys))
	if keys.reads != 0 || len(keys.rows) != 0 {
		t.Errorf("got %d reads and %d keys, want none", keys.reads, len(keys.rows))
	}
}

func TestTheNewestKeyWithoutAnEndSigns(t *testing.T) {
	t.Parallel()
	clk := newClock()
	c := config(jose.EdDSA, clk)
	key := func(id string, age time.Duration, change ...func(*Key)) Key {
		k := mustKey(t, c)
		k.PrivateKey = reseal(t, k, id)
		k.ID, k.CreatedAt = id, clk.Now().Add(-age)
		k.SignsAt = &k.CreatedAt
		for _, f := range change {
			f(&k)
		}
		return k
	}
	endsIn := func(d time.Duration) func(*Key) {
		return func(k *Key) { end := clk.Now().Add(d); k.ExpiresAt = &end }
	}
	imported := func(k *Key) { k.PrivateKey = `"5cf0…"` }
	otherAlgorithm := mustKey(t, config(jose.ES256, clk))
	startsIn := func(d time.Duration) func(*Key) {
		return func(k *Key) { starts := clk.Now().Add(d); k.SignsAt = &starts }
	}
	earlierVersion := func(k *Key) { k.SignsAt = nil }
	for _, tt := range []struct {
		name string
		rows []Key
		want string // "" for a new one
	}{
		{"the newest is last", []Key{key("key_old", time.Hour), key("key_new", 0)}, "key_new"},
		{"the newest is first", []Key{key("key_new", 0), key("key_old", time.Hour)}, "key_new"},
		{"made at the same time", []Key{key("key_b", 0), key("key_c", 0), key("key_a", 0)}, "key_c"},
		{"the next one", []Key{key("key_old", time.Hour), key("key_next", time.Minute, startsIn(time.Millisecond))}, "key_old"},
		{"the next one, when its time comes", []Key{key("key_old", time.Hour), key("key_next", time.Minute, startsIn(0))}, "key_next"},
		{"the next one is alone", []Key{key("key_next", 0, startsIn(time.Hour))}, "key_next"},
		{"two next ones are alone", []Key{key("key_later", time.Hour, startsIn(time.Hour)), key("key_next", 0, startsIn(time.Minute))}, "key_next"},
		{"keys of an earlier version", []Key{key("key_new", time.Minute, earlierVersion), key("key_old", time.Hour, earlierVersion)}, "key_new"},
		{"the newest is retiring", []Key{key("key_new", 0, endsIn(time.Hour)), key("key_old", time.Hour)}, "key_old"},
		{"the newest has ended", []Key{key("key_new", 0, endsIn(-time.Hour)), key("key_old", time.Hour)}, "key_old"},
		{"the newest is an import", []Key{key("key_new", 0, imported), key("key_old", time.Hour)}, "key_old"},
		{"the newest is of another algorithm", []Key{key("key_old", time.Hour), otherAlgorithm}, "key_old"},
		{"all are retiring", []Key{key("key_new", 0, endsIn(time.Hour))}, ""},
		{"all are imports", []Key{key("key_new", 0, imported)}, ""},
		{"all are of another algorithm", []Key{otherAlgorithm}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys := &memory{rows: tt.rows}
			got := kidOf(t, mustOpen(t, c, keys))
			if tt.want != "" && got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if made := len(keys.rows) - len(tt.rows); (made == 1) != (tt.want == "") {
				t.Errorf("got %d new keys, want one only if no other key can sign", made)
			}
			if tt.want == "" && got != keys.rows[len(keys.rows)-1].ID {
				t.Errorf("got %q, want the new key %q", got, keys.rows[len(keys.rows)-1].ID)
			}
		})
	}
}

// reseal returns the private part of k sealed for a key with another id.
func reseal(t *testing.T, k Key, id string) string {
	t.Helper()
	plain, err := unseal(k.ID, k.PrivateKey, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal(secret, id, plain)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestTwoInstancesThatStartAtOnceMakeOneKey(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{jose.EdDSA, jose.ES256} {
		t.Run(algorithm, func(t *testing.T) {
			clk := newClock()
			c := config(algorithm, clk)
			// Both have read the empty table before either adds its key.
			var both sync.WaitGroup
			both.Add(2)
			keys := &memory{afterRead: func(read int) {
				if read <= 2 {
					both.Done()
					both.Wait()
				}
			}}
			minters := make([]*Minter, 2)
			var wg sync.WaitGroup
			for i := range minters {
				wg.Go(func() {
					m, err := Open(t.Context(), c, keys)
					if err != nil {
						t.Error(err)
					}
					minters[i] = m
				})
			}
			wg.Wait()
			if t.Failed() {
				return
			}
			if len(keys.rows) != 1 || kidOf(t, minters[0]) != keys.rows[0].ID || kidOf(t, minters[1]) != keys.rows[0].ID {
				t.Fatalf("got %d keys, want one with which both sign", len(keys.rows))
			}
		})
	}
}

func TestErrorsOfTheTableAreReturned(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	if _, err := Open(t.Context(), config(jose.EdDSA, newClock()), &memory{err: down}); !errors.Is(err, down) {
		t.Errorf("reading: got %v, want %v", err, down)
	}
	if _, err := Open(t.Context(), config(jose.EdDSA, newClock()), readOnly{&memory{}}); !errors.Is(err, errReadOnly) {
		t.Errorf("adding: got %v, want %v", err, errReadOnly)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, config(jose.EdDSA, newClock()), &memory{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v, want %v", err, context.Canceled)
	}
}

var errReadOnly = errors.New("read only")

type readOnly struct{ *memory }

func (readOnly) ChangeKeys(context.Context, func([]Key) (Change, error)) error { return errReadOnly }

// TestAKeyIsUsedWithItsOwnAlgorithmOnly (RFC 8725 §3.1): the signature of a token with another
// algorithm is not checked at all.
func TestAKeyIsUsedWithItsOwnAlgorithmOnly(t *testing.T) {
	t.Parallel()
	clk := newClock()
	rows := []Key{mustKey(t, config(jose.ES256, clk)), mustKey(t, config(jose.EdDSA, clk))}
	for _, algorithm := range []string{jose.ES256, jose.EdDSA} {
		m := mustOpen(t, config(algorithm, clk), &memory{rows: rows})
		for _, k := range rows {
			found, err := m.verifiers(t.Context(), k.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			if want := k.Algorithm == algorithm; (len(found) == 1) != want {
				t.Errorf("%s: got %d keys for the id of a key for %s", algorithm, len(found), k.Algorithm)
			}
		}
	}
}
