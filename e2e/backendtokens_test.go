package e2e

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/waittest"
)

// signer makes tokens that the backends of docs/backend.md must take or refuse. With HS256 it knows
// the secret. Otherwise it publishes its keys together with those of the BFF.
type signer struct {
	algorithm string
	bff       string   // the address of the BFF's keys
	env       []string // for the backends

	mu      sync.Mutex
	keys    map[string]ed25519.PrivateKey // by kid
	fetched int
}

func newSigner(t *testing.T, algorithm, bff string) *signer {
	t.Helper()
	s := &signer{algorithm: algorithm, bff: bff, keys: map[string]ed25519.PrivateKey{}, env: []string{"JWT_ALGORITHM=" + algorithm}}
	if algorithm == "HS256" {
		s.env = append(s.env, "BETTER_AUTH_SECRET="+secret)
		return s
	}
	s.addKey(t, "first")
	published := httptest.NewServer(s)
	t.Cleanup(published.Close)
	s.env = append(s.env, "JWKS_URL="+published.URL)
	return s
}

func (s *signer) addKey(t *testing.T, kid string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[kid] = key
}

// ServeHTTP publishes the keys.
func (s *signer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	res, err := http.Get(s.bff)
	if err == nil {
		err = json.NewDecoder(res.Body).Decode(&set)
		res.Body.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched++
	for kid, key := range s.keys {
		x := base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
		set.Keys = append(set.Keys, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(set)
}

// sign signs with the key of the backends, or with key and method.
func (s *signer) sign(t *testing.T, c jwt.MapClaims, kid string, key any, method jwt.SigningMethod) string {
	t.Helper()
	switch {
	case key != nil:
	case s.algorithm == "HS256":
		key, method = []byte(secret), jwt.SigningMethodHS256
	default:
		key, method = s.keys["first"], jwt.SigningMethodEdDSA
	}
	token := jwt.NewWithClaims(method, c)
	if s.algorithm != "HS256" {
		token.Header["kid"] = kid
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (s *signer) good(t *testing.T) string {
	return s.sign(t, claims("usr_token"), "first", nil, nil)
}

// refuses checks what a backend takes and what it refuses.
func (s *signer) refuses(t *testing.T, name, address string) {
	t.Helper()
	own := func(c jwt.MapClaims) string { return "Bearer " + s.sign(t, c, "first", nil, nil) }
	signed := func(key any, method jwt.SigningMethod) string {
		return "Bearer " + s.sign(t, claims("usr_token"), "first", key, method)
	}
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	cases := map[string]string{
		"good":                          own(claims("usr_token")),
		"good: expired within the skew": own(with(claims("usr_token"), "exp", at(-5*time.Second))),
		"good: for two audiences":       own(with(claims("usr_token"), "aud", []string{"x", "fastapi-backend"})),
		"none":                          "",
		"not a token":                   "Bearer x",
		"another scheme":                "Basic " + s.good(t),
		"expired":                       own(with(claims("usr_token"), "exp", at(-2*time.Minute))),
		"not valid yet":                 own(with(claims("usr_token"), "nbf", at(2*time.Minute))),
		"without exp":                   own(without(claims("usr_token"), "exp")),
		"without sub":                   own(without(claims("usr_token"), "sub")),
		"another issuer":                own(with(claims("usr_token"), "iss", "x")),
		"without an issuer":             own(without(claims("usr_token"), "iss")),
		"another audience":              own(with(claims("usr_token"), "aud", "x")),
		"without an audience":           own(without(claims("usr_token"), "aud")),
		"alg none":                      signed(jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone),
		"changed":                       "Bearer " + changedToken(s.good(t)),
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cases["another algorithm"] = signed(rsaKey, jwt.SigningMethodRS256)
	if s.algorithm == "HS256" {
		cases["another key"] = signed([]byte(secret+"x"), jwt.SigningMethodHS256)
		cases["a longer hash"] = signed([]byte(secret), jwt.SigningMethodHS512)
	} else {
		public := s.keys["first"].Public().(ed25519.PublicKey)
		_, other, _ := ed25519.GenerateKey(rand.Reader)
		cases["another key"] = signed(other, jwt.SigningMethodEdDSA)
		cases["the public key as a secret"] = signed([]byte(public), jwt.SigningMethodHS256)
		cases["its text as a secret"] = signed([]byte(base64.RawURLEncoding.EncodeToString(public)), jwt.SigningMethodHS256)
		cases["the secret of HS256"] = signed([]byte(secret), jwt.SigningMethodHS256)
	}
	for what, authorization := range cases {
		status, header, body := whoami(t, address, authorization)
		if strings.HasPrefix(what, "good") {
			if status != 200 || !strings.Contains(body, "usr_token") {
				t.Errorf("%s, %s: got %d %s, want the user", name, what, status, body)
			}
		} else if challenge := header.Get("WWW-Authenticate"); status != 401 || !strings.HasPrefix(challenge, "Bearer") || strings.Contains(body, "usr_token") {
			t.Errorf("%s, %s: got %d %s with WWW-Authenticate %q, want 401 and Bearer", name, what, status, body, challenge)
		}
	}
}

// changedToken returns token with other claims.
func changedToken(token string) string {
	parts := strings.Split(token, ".")
	plain, _ := base64.RawURLEncoding.DecodeString(parts[1])
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(plain, []byte("usr_token"), []byte("usr_admin"), 1))
	return strings.Join(parts, ".")
}

// rotates checks that invented kids cause few fetches, and that a new key is taken.
func (s *signer) rotates(t *testing.T, all map[string]string) {
	t.Helper()
	if s.algorithm == "HS256" {
		return
	}
	for name, address := range all {
		before := s.fetches()
		for range 20 {
			invented := "Bearer " + s.sign(t, claims("usr_token"), rand.Text(), nil, nil)
			if status, _, body := whoami(t, address, invented); status != 401 {
				t.Errorf("%s, an invented kid: got %d %s", name, status, body)
			}
		}
		if got := s.fetches() - before; got > 5 {
			t.Errorf("%s: 20 invented kids caused %d fetches of the keys", name, got)
		}
	}
	s.addKey(t, "next")
	for name, address := range all {
		waittest.Until(t, name+" takes the next key", func() bool {
			status, _, _ := whoami(t, address, "Bearer "+s.sign(t, claims("usr_token"), "next", s.keys["next"], jwt.SigningMethodEdDSA))
			return status == 200
		})
	}
}

func (s *signer) fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// whoami asks a backend without the BFF.
func whoami(t *testing.T, address, authorization string) (status int, header http.Header, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/api/whoami", nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}
