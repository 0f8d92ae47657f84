package token

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/jose"
)

func TestThePublishedSetIsEmptyInHS256Mode(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{rows: []Key{mustKey(t, config(jose.EdDSA, clk))}}
	for _, keys := range []Keys{nil, keys} {
		if got := string(mustJWKS(t, mustOpen(t, config(jose.HS256, clk), keys))); got != `{"keys":[]}` {
			t.Errorf("got %s, want an empty set", got)
		}
	}
}

func TestNothingPrivateIsPublished(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	for _, algorithm := range []string{jose.EdDSA, jose.ES256} {
		mustOpen(t, config(algorithm, clk), keys)
		if made := keys.rows[len(keys.rows)-1]; strings.Contains(made.PublicKey, `"d"`) {
			t.Errorf("got a private member in the public part %s", made.PublicKey)
		}

		// Members that do not belong in a public part are not published.
		k := mustKey(t, config(algorithm, clk))
		private, err := unseal(k.ID, k.PrivateKey, secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		var jwk map[string]any
		if err := json.Unmarshal(private, &jwk); err != nil || jwk["d"] == nil {
			t.Fatalf("got %v, %v, want a private JWK", jwk, err)
		}
		jwk["note"], jwk["x5u"], jwk["kid"] = "internal", "https://example.com/cert", "another"
		withPrivate, err := json.Marshal(jwk)
		if err != nil {
			t.Fatal(err)
		}
		k.ID, k.PublicKey, k.PrivateKey = "key_with_private_"+algorithm, string(withPrivate), "import"
		keys.rows = append(keys.rows, k)
	}
	set := mustJWKS(t, mustOpen(t, config(jose.EdDSA, clk), keys))
	var parsed struct{ Keys []map[string]any }
	if err := json.Unmarshal(set, &parsed); err != nil {
		t.Fatal(err)
	}
	if len(parsed.Keys) != 4 {
		t.Fatalf("got %d keys, want 4", len(parsed.Keys))
	}
	for i, k := range parsed.Keys {
		want := []string{"alg", "crv", "kid", "kty", "use", "x"}
		if k["kty"] == "EC" {
			want = append(want, "y")
		}
		if diff := cmp.Diff(want, sortedKeys(k)); diff != "" {
			t.Errorf("key %d (-want +got):\n%s", i, diff)
		}
		if k["kid"] != keys.rows[i].ID {
			t.Errorf("key %d: got kid %v, want %v", i, k["kid"], keys.rows[i].ID)
		}
	}
	if strings.Contains(string(set), `"d"`) {
		t.Errorf("got a private member in %s", set)
	}
}

func TestAllLiveKeysArePublished(t *testing.T) {
	t.Parallel()
	clk := newClock()
	c := config(jose.EdDSA, clk)
	in := func(d time.Duration) *time.Time { end := clk.Now().Add(d); return &end }
	row := func(id, algorithm string, end *time.Time) Key {
		k := mustKey(t, config(algorithm, clk))
		k.PrivateKey = reseal(t, k, id)
		k.ID, k.ExpiresAt = id, end
		return k
	}
	unknown := row("key_unknown", jose.EdDSA, nil)
	unknown.Algorithm, unknown.PublicKey = "RS256", `{"kty":"RSA","n":"AQAB","e":"AQAB"}`
	keys := &memory{rows: []Key{
		row("key_signs", jose.EdDSA, nil),
		row("key_retiring", jose.EdDSA, in(time.Hour)),
		row("key_ends_now", jose.EdDSA, in(0)),
		row("key_ended", jose.EdDSA, in(-time.Hour)),
		row("key_other_algorithm", jose.ES256, nil),
		unknown,
	}}
	m := mustOpen(t, c, keys)
	if diff := cmp.Diff([]string{"key_other_algorithm", "key_retiring", "key_signs"}, sortedKeys(parseJWKS(t, mustJWKS(t, m)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	clk.Advance(time.Hour)
	if diff := cmp.Diff([]string{"key_other_algorithm", "key_signs"}, sortedKeys(parseJWKS(t, mustJWKS(t, m)))); diff != "" {
		t.Errorf("when the retiring one has ended (-want +got):\n%s", diff)
	}
}

func TestAKeyOfAnotherInstanceIsPublishedWithinSeconds(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	c := config(jose.EdDSA, clk)
	here := mustOpen(t, c, keys)
	mustJWKS(t, here)
	other := mustKey(t, c)
	keys.add(other)
	there := mustOpen(t, c, &memory{rows: []Key{other}})

	clk.Advance(publishedFor - time.Millisecond)
	if got := parseJWKS(t, mustJWKS(t, here)); len(got) != 1 {
		t.Errorf("within %v: got %d keys, want 1", publishedFor, len(got))
	}
	clk.Advance(time.Millisecond)
	if _, err := verify(t, mustMint(t, there).Raw, c, mustJWKS(t, here)); err != nil {
		t.Errorf("after %v: got %v, want nil", publishedFor, err)
	}
}

func TestABurstReadsTheTableOnce(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, config(jose.EdDSA, clk), keys)
	clk.Advance(publishedFor)
	before := keys.reads
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			set, err := m.JWKS(t.Context())
			if err != nil {
				t.Error(err)
			}
			clear(set) // each caller gets a copy
		})
	}
	wg.Wait()
	if got := keys.reads - before; got != 1 {
		t.Errorf("got %d reads, want 1", got)
	}
	if got := parseJWKS(t, mustJWKS(t, m)); len(got) != 1 {
		t.Errorf("got %d keys, want 1", len(got))
	}
}

func TestAClockSetBackDoesNotKeepAnOldSet(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, config(jose.EdDSA, clk), keys)
	mustJWKS(t, m)
	before := keys.reads
	clk.Advance(-time.Hour)
	mustJWKS(t, m)
	if got := keys.reads - before; got != 1 {
		t.Errorf("got %d reads, want 1", got)
	}
}

func TestACallerDoesNotWaitForAnotherReadLongerThanItsContext(t *testing.T) {
	t.Parallel()
	keys := &memory{}
	clk := newClock()
	m := mustOpen(t, config(jose.EdDSA, clk), keys)
	clk.Advance(publishedFor)
	reading, release := make(chan struct{}), make(chan struct{})
	keys.afterRead = func(int) { close(reading); <-release }
	done := make(chan error, 1)
	go func() {
		_, err := m.JWKS(t.Context())
		done <- err
	}()
	<-reading
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.JWKS(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("the first caller: got %v, want nil", err)
	}
}

func TestAFailedReadIsAnErrorAndIsNotCached(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, config(jose.EdDSA, clk), keys)
	want := mustJWKS(t, m)
	clk.Advance(publishedFor)
	keys.err = errors.New("down")
	for range 2 {
		if set, err := m.JWKS(t.Context()); !errors.Is(err, keys.err) || set != nil {
			t.Errorf("got %s, %v, want %v", set, err, keys.err)
		}
	}
	keys.err = nil
	if got := mustJWKS(t, m); !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzPublicKey(f *testing.F) {
	for _, algorithm := range []string{jose.EdDSA, jose.ES256} {
		k := mustKey(f, config(algorithm, newClock()))
		private, err := unseal(k.ID, k.PrivateKey, secret, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(k.PublicKey), algorithm == jose.EdDSA)
		f.Add(private, algorithm == jose.EdDSA)
	}
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":""}`), true)
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"","y":""}`), false)
	f.Add([]byte(`{"keys":[]}`), true)
	f.Fuzz(func(t *testing.T, jwk []byte, ed bool) {
		algorithm := jose.ES256
		if ed {
			algorithm = jose.EdDSA
		}
		public, err := publicPart(Key{ID: "key_one", Algorithm: algorithm, PublicKey: string(jwk)})
		if err != nil {
			return
		}
		out, err := public.JWK()
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		if got := parseJWKS(t, slices.Concat([]byte(`{"keys":[`), out, []byte(`]}`))); len(got) != 1 || strings.Contains(string(out), `"d"`) {
			t.Errorf("got %s, want one public key", out)
		}
	})
}
