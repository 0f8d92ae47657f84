package token

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/jose"
	"vestibule/store"
)

func TestTokensVerifyWithAnotherLibrary(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			c := config(algorithm, newClock())
			m := mustOpen(t, c, &memory{})
			set := mustJWKS(t, m)
			// Many, since one ECDSA signature in 128 has a number that begins with
			// a zero byte, and must still be 64 bytes long.
			for range 300 {
				if _, err := verify(t, mustMint(t, m).Raw, c, set); err != nil {
					t.Fatalf("got %v, want nil", err)
				}
			}
		})
	}
}

func TestATokenHoldsExactlyItsClaims(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			clk := newClock()
			keys := &memory{}
			c := config(algorithm, clk)
			m := mustOpen(t, c, keys)
			tok := mustMint(t, m)
			parsed, err := verify(t, tok.Raw, c, mustJWKS(t, m))
			if err != nil {
				t.Fatal(err)
			}
			claims := parsed.Claims.(jwt.MapClaims)
			jti, _ := claims["jti"].(string)
			if len(jti) < 22 {
				t.Errorf("jti: got %v, want at least 128 random bits", claims["jti"])
			}
			issued := clk.Now().Unix()
			want := jwt.MapClaims{
				"iss": "better-auth", "aud": "fastapi-backend", "sub": "usr_alice", "client_id": "vestibule", "sid": "ses_one", "jti": jti,
				"iat": float64(issued), "exp": float64(issued + 300),
			}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			if want := time.Unix(issued+300, 0).UTC(); !tok.Expires.Equal(want) || tok.Expires.Location() != time.UTC {
				t.Errorf("Expires: got %v, want %v", tok.Expires, want)
			}
			header := map[string]any{"alg": algorithm, "typ": "at+jwt"}
			if algorithm != jose.HS256 {
				header["kid"] = keys.rows[0].ID
			}
			if diff := cmp.Diff(header, parsed.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryTokenHasItsOwnID(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			m := mustOpen(t, config(algorithm, newClock()), &memory{})
			var mu sync.Mutex
			seen := map[string]bool{}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for range 25 {
						tok, err := m.Mint(alice, "ses_one", Kind{})
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						seen[strings.Split(tok.Raw, ".")[1]] = true
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if len(seen) != 200 {
				t.Errorf("got %d different payloads, want 200", len(seen))
			}
		})
	}
}

func TestATokenNeedsASubjectAndASession(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	for _, ids := range [][2]string{{"", "ses_one"}, {"usr_alice", ""}, {"", ""}} {
		if tok, err := m.Mint(&store.User{ID: ids[0]}, ids[1], Kind{}); err == nil || tok != (Token{}) {
			t.Errorf("%q: got %v, %v, want no token and an error", ids, tok, err)
		}
	}
}

func TestATokenIsFreshUntilShortlyBeforeItsEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ lifetime, margin time.Duration }{
		{time.Hour, time.Minute},
		{5 * time.Minute, time.Minute},
		{100 * time.Second, 20 * time.Second},
		{10 * time.Second, 2 * time.Second},
	} {
		t.Run(tt.lifetime.String(), func(t *testing.T) {
			clk := newClock()
			c := config(jose.HS256, clk)
			c.ExpiresIn = tt.lifetime
			m := mustOpen(t, c, nil)
			tok := mustMint(t, m)
			for _, at := range []struct {
				left time.Duration
				want bool
			}{
				{tt.lifetime, true},
				{tt.margin + time.Millisecond, true},
				{tt.margin, false},
				{time.Millisecond, false},
				{0, false},
				{-time.Hour, false},
			} {
				clk.Set(tok.Expires.Add(-at.left))
				if got := m.Fresh(tok); got != at.want {
					t.Errorf("%v before its end: got %v, want %v", at.left, got, at.want)
				}
			}
		})
	}
}

func TestANewTokenIsFreshAndNoTokenIsNot(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	tok := mustMint(t, m)
	if !m.Fresh(tok) {
		t.Error("a new token: got false, want true")
	}
	if m.Fresh(Token{}) || m.Fresh(Token{Expires: tok.Expires}) {
		t.Error("no token: got true, want false")
	}
}

func TestOpenRefusesMistakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"no algorithm":                    func(c *Config) { c.Algorithm = "" },
		"the algorithm none":              func(c *Config) { c.Algorithm = "none" },
		"an algorithm in another case":    func(c *Config) { c.Algorithm = "hs256" },
		"an algorithm that jwx has":       func(c *Config) { c.Algorithm = "HS512" },
		"no secret":                       func(c *Config) { c.Secret = nil },
		"a short secret":                  func(c *Config) { c.Secret = secret[:31] },
		"a short secret for a key's seal": func(c *Config) { c.Algorithm, c.Secret = jose.EdDSA, secret[:31] },
		"no issuer":                       func(c *Config) { c.Issuer = "" },
		"another type":                    func(c *Config) { c.Type = "at+JWT" },
		"no audience":                     func(c *Config) { c.Audience = "" },
		"no lifetime":                     func(c *Config) { c.ExpiresIn = 0 },
		"a lifetime under a second":       func(c *Config) { c.ExpiresIn = time.Second - 1 },
		"a lifetime over a day":           func(c *Config) { c.ExpiresIn = LongestLife + 1 },
		"a rotation under an hour":        func(c *Config) { c.Rotation = ShortestRotation - 1 },
		"a negative rotation":             func(c *Config) { c.Rotation = -1 },
		"no clock":                        func(c *Config) { c.Now = nil },
	} {
		c := config(jose.HS256, newClock())
		change(&c)
		if m, err := Open(t.Context(), c, &memory{}); err == nil || m != nil {
			t.Errorf("%s: got %v, %v, want nil and an error", name, m, err)
		} else if len(c.Secret) > 0 && strings.Contains(err.Error(), string(c.Secret)) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(algorithm, func(b *testing.B) {
			m := mustOpen(b, config(algorithm, newClock()), &memory{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Mint(alice, "ses_one", Kind{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
