// Package bearer decides whom an API answers. It verifies the bearer tokens of requests
// (RFC 6750), fetches the keys for them, and says which scopes they open. It knows nothing
// about tasks: an API that replaces the example can keep it.
//
// Every Caller comes from a token that fits one configured algorithm, issuer and audience,
// was signed with a key that was configured or fetched before, is valid now, and opens only
// the scopes that its issuer may give. The token is checked again at the end of a request's
// body, which may arrive much later.
//
// Everything else is refused with a *web.Error: 401 with the challenge to send, 403 for a
// missing scope, 503 while there are no keys. A token never chooses its algorithm or its
// key, and never causes a request to an address that it names. A refusal does not depend on
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

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/jose"
)

// Config says whose tokens are trusted, and how far.
type Config struct {
	Algorithm string // HS256, EdDSA or ES256
	// Secrets of HS256. Any of them verifies, so secrets can be rotated.
	Secrets [][]byte
	// Issuer and Audience are what iss must be and aud must contain.
	Issuer, Audience string
	// JWKSURL is where the keys of EdDSA and ES256 are published.
	JWKSURL string
	// JWKSTransport fetches the keys; nil uses the network.
	JWKSTransport http.RoundTripper
	// Issuers are further trusted issuers, each within its limits.
	Issuers []Issuer
	// Scopes are all scopes of the API. A user's token opens all of them unless it has a
	// scope claim. Other scopes mean nothing here.
	Scopes []string

	Log *slog.Logger     // nil: slog.Default
	Now func() time.Time // nil: time.Now

	Metrics prometheus.Registerer // of refused tokens; nil: none are registered
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	own     *trust   // the BFF, and others that share its secret
	further []*trust // JWT_ISSUERS
	now     func() time.Time
	refused *prometheus.CounterVec
}

// New makes a Verifier. An error names the faulty setting. Run fetches the published keys:
// without it there are none.
func New(cfg Config) (*Verifier, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &Verifier{now: cfg.Now, refused: newRefused(cfg.Metrics)}
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

// Ready returns why our own tokens cannot be verified yet, or nil. Further issuers do not
// count: their outage must not block our users.
func (v *Verifier) Ready() error {
	if v.own.published == nil {
		return nil
	}
	return v.own.published.ready()
}

// Healthy is Ready for alerts: it also returns why our own keys have not been fetched for
// minutes. The keys that are known still verify, so that is no reason to refuse requests.
func (v *Verifier) Healthy() error {
	if v.own.published == nil {
		return nil
	}
	return v.own.published.healthy()
}
