package bearer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"vestibule/internal/jose"
)

// What holds between several issuers:
//
//   - The unverified iss of a token chooses the issuer. Then all rules of that
//     issuer apply: algorithm, keys, audience, and iss once more (RFC 8725 §3.8).
//     For an unknown iss, our own rules apply.
//   - No key is used for two issuers: each has its own set, its own address and
//     its own memory of verified tokens, whatever the kids are.
//   - A further issuer speaks for services, never for our users: its name is put
//     before its subjects, and its tokens open no more than it was given.

// trust is one issuer whose tokens are believed, and how far.
type trust struct {
	issuer, audience, algorithm string

	keys      keySource
	published *jwks    // keys, where they are fetched
	scopes    []string // the most that its tokens open
	further   bool     // it is not our own
}

// IssuerAlgorithms are those of further issuers. A secret is shared with nobody else.
var IssuerAlgorithms = [...]string{jose.EdDSA, jose.ES256, jose.RS256}

// Issuer is a further issuer whose tokens are believed.
type Issuer struct {
	// Name is what iss must be, Audience what aud must contain.
	Name, Audience string
	Algorithm      string // one of IssuerAlgorithms
	JWKSURL        string
	Scopes         []string // what its tokens may open at most
}

// IssuerSeparator stands between an issuer and its subject wherever a caller
// is named. It is in no issuer's name, so that no two callers have one name.
const IssuerSeparator = "|"

func newFurther(i Issuer, cfg Config) (*trust, error) {
	scopes := common(i.Scopes, cfg.Scopes)
	switch {
	case i.Name == "" || i.Audience == "":
		return nil, errors.New("issuer and audience must not be empty")
	case strings.Contains(i.Name, IssuerSeparator):
		return nil, errors.New("the name contains " + IssuerSeparator)
	case !slices.Contains(IssuerAlgorithms[:], i.Algorithm):
		return nil, fmt.Errorf("algorithm %q is not EdDSA, ES256 or RS256", i.Algorithm)
	case len(scopes) == 0:
		return nil, errors.New("its scopes open nothing")
	}
	// Never the transport of our own keys, which may lead to our own BFF.
	keys, err := newJWKS("JWT_ISSUERS", i.JWKSURL, i.Algorithm, nil, cfg.Log, cfg.Now)
	if err != nil {
		return nil, err
	}
	return &trust{
		issuer: i.Name, audience: i.Audience, algorithm: i.Algorithm,
		keys: keys, published: keys, scopes: scopes, further: true,
	}, nil
}

// addIssuers lets further issuers be believed.
func (v *Verifier) addIssuers(cfg Config) error {
	var errs []error
	for _, i := range cfg.Issuers {
		t, err := newFurther(i, cfg)
		if i.Name == cfg.Issuer || slices.ContainsFunc(v.further, func(t *trust) bool { return t.issuer == i.Name }) {
			err = errors.New("it is our own issuer, or named twice")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("JWT_ISSUERS: %q: %w", i.Name, err))
			continue
		}
		v.further = append(v.further, t)
	}
	return errors.Join(errs...)
}

// of returns whose rules a token is held against, by its claims, which are not
// verified yet.
func (v *Verifier) of(claims jose.Claims) *trust {
	name, ok := jose.Text(claims.Issuer)
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
