package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Publisher publishes keys over HTTP, as a BFF does.
type Publisher struct {
	Fetches atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
}

// ServeHTTP counts a fetch and gives the current answer.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.Fetches.Add(1)
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	answer(w, r)
}

// Answers sets the answer to fetches.
func (p *Publisher) Answers(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

// Publishes answers fetches with a set of these JWKs.
func (p *Publisher) Publishes(jwks ...string) {
	p.Answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"keys":[`+strings.Join(jwks, ",")+`]}`)
	})
}

// Fails answers fetches with an empty answer of this status.
func (p *Publisher) Fails(status int) {
	p.Answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// NewEdKey makes an Ed25519 key.
func NewEdKey(tb testing.TB) ed25519.PrivateKey {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

// NewECKey makes a P-256 key.
func NewECKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

// NewRSAKey makes an RSA key.
func NewRSAKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// JWK writes the public key of private as a JWK.
func JWK(tb testing.TB, kid string, private crypto.Signer) string {
	tb.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	switch public := private.Public().(type) {
	case ed25519.PublicKey:
		return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":%q,"x":%q}`, kid, encode(public))
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			tb.Fatal(err)
		}
		return fmt.Sprintf(`{"kty":"EC","crv":"P-256","alg":"ES256","kid":%q,"x":%q,"y":%q}`, kid, encode(point[1:33]), encode(point[33:]))
	case *rsa.PublicKey:
		return RSAJWK(kid, public.N, public.E)
	}
	tb.Fatal("no such key")
	return ""
}

// RSAJWK writes a modulus and an exponent as a JWK.
func RSAJWK(kid string, n *big.Int, e int) string {
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"kty":"RSA","alg":"RS256","use":"sig","kid":%q,"n":%q,"e":%q}`,
		kid, encode(n.Bytes()), encode(big.NewInt(int64(e)).Bytes()))
}
