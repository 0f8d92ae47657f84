package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"vestibule/internal/jose"
)

// What holds between several issuers:
//
//   - The iss of a token, unverified, chooses which issuer's rules it is held
//     against, and then all of them hold: algorithm, keys, audience, iss once
//     more (RFC 8725 §3.8). An unknown iss is held against our own.
//   - No key serves two issuers: each has its own set, its own address and its
//     own memory of verified tokens, whatever the kids are.
//   - A further issuer speaks for services, never for our users: its subjects
//     get its name before theirs, and open no more than it was given.

// trust is one issuer whose tokens are believed, and how far.
type trust struct {
	issuer, audience, algorithm string

	keys    keySource
	scopes  scope // the most that a scope claim of its tokens opens
	further bool  // it is not our own
}

// Issuer is a further issuer whose tokens are believed.
type Issuer struct {
	// Name is what iss must be, Audience what aud must contain.
	Name, Audience string
	Algorithm      string // EdDSA, ES256 or RS256
	JWKSURL        string
	Scopes         []string // what its tokens may open at most
}

// IssuerSeparator stands between an issuer and its subject wherever a caller
// is named. It is in no issuer's name, so that no two callers have one name.
const IssuerSeparator = "|"

func newFurther(i Issuer, log *slog.Logger, now func() time.Time) (*trust, *jwks, error) {
	fail := func(err error) (*trust, *jwks, error) {
		return nil, nil, fmt.Errorf("JWT_ISSUERS: %q: %w", i.Name, err)
	}
	switch {
	case i.Name == "" || i.Audience == "":
		return fail(errors.New("issuer and audience must not be empty"))
	case strings.Contains(i.Name, IssuerSeparator):
		return fail(errors.New("the name contains " + IssuerSeparator))
	case i.Algorithm != jose.EdDSA && i.Algorithm != jose.ES256 && i.Algorithm != jose.RS256:
		return fail(fmt.Errorf("algorithm %q is not EdDSA, ES256 or RS256", i.Algorithm))
	case scopeOf(i.Scopes) == 0:
		return fail(errors.New("its scopes open nothing"))
	}
	// Never the transport of our own keys, which may lead to our own BFF.
	keys, err := newJWKS("JWT_ISSUERS", i.JWKSURL, i.Algorithm, nil, log, now)
	if err != nil {
		return fail(err)
	}
	return &trust{
		issuer: i.Name, audience: i.Audience, algorithm: i.Algorithm,
		keys: keys, scopes: scopeOf(i.Scopes), further: true,
	}, keys, nil
}

// addIssuers lets further issuers be believed.
func (s *Server) addIssuers(issuers []Issuer, log *slog.Logger) error {
	var errs []error
	for _, i := range issuers {
		t, keys, err := newFurther(i, log, s.clock)
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case i.Name == s.tokens.own.issuer || slices.ContainsFunc(s.tokens.further, func(t *trust) bool { return t.issuer == i.Name }):
			errs = append(errs, fmt.Errorf("JWT_ISSUERS: %q is our own issuer, or named twice", i.Name))
			continue
		}
		s.tokens.further = append(s.tokens.further, t)
		s.furtherKeys = append(s.furtherKeys, keys)
	}
	return errors.Join(errs...)
}

// of returns whose rules a token is held against, by its unverified payload.
func (v *verifier) of(payload []byte) *trust {
	if len(v.further) == 0 {
		return v.own
	}
	raw, err := jose.ParseClaims(payload)
	if err != nil { // a duplicate iss, for one
		return v.own
	}
	name, ok := jose.Text(raw.Issuer)
	for _, t := range v.further {
		if ok && t.issuer == name {
			return t
		}
	}
	return v.own
}

// setting names what to compare when a token of this issuer is refused.
func (t *trust) setting(own string) string {
	if t.further {
		return "JWT_ISSUERS"
	}
	return own
}

// keySetting names where its keys come from.
func (t *trust) keySetting() string {
	if t.algorithm == jose.HS256 {
		return "BETTER_AUTH_SECRET"
	}
	return t.setting("JWKS_URL")
}

// runAll keeps the keys of several issuers fresh until ctx ends.
func runAll(ctx context.Context, all []*jwks) {
	var wg sync.WaitGroup
	for _, j := range all {
		wg.Go(func() { j.run(ctx) })
	}
	wg.Wait()
	<-ctx.Done()
}
