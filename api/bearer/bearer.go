// Package bearer decides whom an API answers: it verifies the bearer tokens of
// requests (RFC 6750), fetches the keys for them, and says which scopes they
// open. It knows nothing of tasks: whoever replaces the example API keeps it.
//
// It promises that a Caller comes from a token that was held against one
// configured algorithm, issuer and audience, with a key that was configured or
// fetched beforehand, that is valid now, and that opens no more scopes than its
// issuer was given. It says so again at the end of a request's body, which may
// come long after its token.
//
// It refuses everything else with a *web.Error: 401 with the challenge to send,
// 403 for a scope that is missing, 503 while there are no keys to verify with.
// A token never chooses its algorithm or its key, and causes no request to an
// address that it names. Nothing that a refusal tells the client depends on
// what exists in the API.
package bearer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"vestibule/internal/jose"
)

// Config says whose tokens are believed, and how far.
type Config struct {
	Algorithm string // HS256, EdDSA or ES256
	// Secrets of HS256: any of them verifies, which is how one is rotated.
	Secrets [][]byte
	// Issuer and Audience are what iss must be and aud must contain.
	Issuer, Audience string
	// JWKSURL is where the keys of EdDSA and ES256 are published.
	JWKSURL string
	// JWKSTransport fetches them; nil is the network.
	JWKSTransport http.RoundTripper
	// Issuers are believed too, each as far as it says.
	Issuers []Issuer
	// Scopes are all that the API knows. The token of a user opens all of them
	// unless it has a scope claim; other scopes mean nothing here.
	Scopes []string

	Log *slog.Logger     // nil: slog.Default
	Now func() time.Time // nil: time.Now
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	own     *trust   // the BFF, and whoever shares its secret
	further []*trust // JWT_ISSUERS
	now     func() time.Time
}

// New makes a Verifier. An error names the setting at fault. Keys that are
// published are fetched by Run: without it there are none.
func New(cfg Config) (*Verifier, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &Verifier{now: cfg.Now}
	var err error
	if v.own, err = newOwn(cfg); err != nil {
		return nil, err
	}
	if err := v.addIssuers(cfg); err != nil {
		return nil, err
	}
	return v, nil
}

func newOwn(cfg Config) (*trust, error) {
	if cfg.Issuer == "" || cfg.Audience == "" {
		return nil, errors.New("JWT_ISSUER and JWT_AUDIENCE must not be empty")
	}
	own := &trust{algorithm: cfg.Algorithm, issuer: cfg.Issuer, audience: cfg.Audience, scopes: cfg.Scopes}
	var err error
	switch cfg.Algorithm {
	case jose.HS256:
		own.keys, err = newSecrets(cfg.Secrets)
	case jose.EdDSA, jose.ES256:
		own.published, err = newJWKS("JWKS_URL", cfg.JWKSURL, cfg.Algorithm, cfg.JWKSTransport, cfg.Log, cfg.Now)
		own.keys = own.published
	case jose.RS256:
		err = errors.New("JWT_ALGORITHM: RS256 is for further issuers")
	default:
		err = fmt.Errorf("JWT_ALGORITHM: %q is not HS256, EdDSA or ES256", cfg.Algorithm)
	}
	return own, err
}

// Run keeps the published keys fresh until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, t := range append([]*trust{v.own}, v.further...) {
		if t.published != nil {
			wg.Go(func() { t.published.run(ctx) })
		}
	}
	wg.Wait()
	<-ctx.Done()
}

// Ready says why no token of our own can be verified yet, or nil. Further
// issuers do not count: their outage must not take the API from our users.
func (v *Verifier) Ready() error {
	if v.own.published == nil {
		return nil
	}
	return v.own.published.ready()
}
