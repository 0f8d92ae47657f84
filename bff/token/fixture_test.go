package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/testclock"
	"vestibule/store"
)

var (
	secret      = []byte("7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b")
	otherSecret = []byte("00000000000000000000000000000000")
	alice       = &store.User{ID: "usr_alice", Name: "Alice", Email: "alice@example.com"}
)

// newClock returns a clock that does not start at a full second.
func newClock() *testclock.Clock {
	return testclock.At(time.Date(2026, 2, 3, 4, 5, 6, 789_012_345, time.UTC))
}

// memory is a key table in memory.
type memory struct {
	mu    sync.Mutex
	rows  []Key
	reads int
	err   error // answers every call

	events []store.Event

	afterRead func(read int) // runs before Keys returns
}

func (t *memory) Keys(ctx context.Context) ([]Key, error) {
	t.mu.Lock()
	t.reads++
	read, rows, err := t.reads, slices.Clone(t.rows), t.err
	t.mu.Unlock()
	if t.afterRead != nil {
		t.afterRead(read)
	}
	return rows, errors.Join(err, ctx.Err())
}

func (t *memory) ChangeKeys(_ context.Context, plan func([]Key) (Change, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return t.err
	}
	change, err := plan(slices.Clone(t.rows))
	if err != nil {
		return err
	}
	for _, k := range change.Update {
		t.rows[slices.IndexFunc(t.rows, func(row Key) bool { return row.ID == k.ID })] = k
	}
	t.rows = slices.DeleteFunc(t.rows, func(row Key) bool { return slices.Contains(change.Delete, row.ID) })
	t.rows = append(t.rows, change.Add...)
	t.events = append(t.events, change.Events...)
	return nil
}

// add adds a row, as another instance does.
func (t *memory) add(k Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, k)
}

func config(algorithm string, c *testclock.Clock) Config {
	return Config{
		Algorithm: algorithm,
		Secret:    secret,
		Issuer:    "better-auth",
		Audience:  "fastapi-backend",
		ExpiresIn: 5 * time.Minute,
		Now:       c.Now,
	}
}

func mustOpen(t testing.TB, c Config, keys Keys) *Minter {
	t.Helper()
	m, err := Open(t.Context(), c, keys)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustMint(t testing.TB, m *Minter) Token {
	t.Helper()
	tok, err := m.Mint(alice, "ses_one", Kind{})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func mustJWKS(t testing.TB, m *Minter) []byte {
	t.Helper()
	set, err := m.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func mustKey(t testing.TB, c Config) Key {
	t.Helper()
	k, err := newKey(c, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// parseJWKS reads a key set without jwx, so that jwx does not check its own output.
func parseJWKS(t testing.TB, set []byte) map[string]any {
	t.Helper()
	var parsed struct {
		Keys []struct{ Kty, Crv, X, Y, Alg, Kid, Use string }
	}
	if err := json.Unmarshal(set, &parsed); err != nil || parsed.Keys == nil {
		t.Fatalf("not a key set: %v in %s", err, set)
	}
	keys := map[string]any{}
	for _, k := range parsed.Keys {
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if errX != nil || errY != nil || len(x) != 32 || k.Use != "sig" {
			t.Fatalf("not a signing key: %+v", k)
		}
		switch k.Kty + " " + k.Crv + " " + k.Alg {
		case "OKP Ed25519 EdDSA":
			keys[k.Kid] = ed25519.PublicKey(x)
		case "EC P-256 ES256":
			key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
			if err != nil {
				t.Fatalf("%v in %+v", err, k)
			}
			keys[k.Kid] = key
		default:
			t.Fatalf("not one of our keys: %+v", k)
		}
	}
	return keys
}

// verify reads raw with another library: with the secret in HS256 mode, else
// with the keys of set.
func verify(t testing.TB, raw string, c Config, set []byte) (*jwt.Token, error) {
	t.Helper()
	keys := parseJWKS(t, set)
	return jwt.Parse(raw, func(tok *jwt.Token) (any, error) {
		if c.Algorithm == jose.HS256 {
			return c.Secret, nil
		}
		kid, _ := tok.Header["kid"].(string)
		if key, ok := keys[kid]; ok {
			return key, nil
		}
		return nil, fmt.Errorf("no key %q", kid)
	},
		jwt.WithValidMethods([]string{c.Algorithm}), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(c.Now), jwt.WithStrictDecoding())
}

// kidOf returns the id of the key that m signs with, as its tokens name it.
func kidOf(t *testing.T, m *Minter) string {
	t.Helper()
	tok, _, err := jwt.NewParser().ParseUnverified(mustMint(t, m).Raw, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := tok.Header["kid"].(string)
	return kid
}

var algorithms = []string{jose.HS256, jose.EdDSA, jose.ES256}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
