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

// IssuerFault is what is wrong with a field of an Issuer, which is named as in
// JWT_ISSUERS. Value is the part of it that is wrong, if it helps to see it.
type IssuerFault struct{ Field, Value, Problem, Cure string }

func (f IssuerFault) Error() string {
	return fmt.Sprintf("%s %q %s; %s", f.Field, f.Value, f.Problem, f.Cure)
}

// Check returns everything that is wrong with i. scopes are all that there are, taken
// are the names of our own issuer and of the earlier ones.
func (i Issuer) Check(scopes, taken []string) (faults []IssuerFault) {
	fault := func(field, value, problem, cure string) {
		faults = append(faults, IssuerFault{field, value, problem, cure})
	}
	switch {
	case i.Name == "":
		fault("issuer", "", "is empty", "give the iss claim of its tokens, like https://login.example.com")
	case slices.Contains(taken, i.Name):
		fault("issuer", i.Name, "is JWT_ISSUER or in an earlier entry", "give each issuer a name of its own, and one entry")
	case strings.Contains(i.Name, IssuerSeparator):
		fault("issuer", "", "contains "+IssuerSeparator+", which stands between an issuer and its subjects in the log", "use an issuer without it")
	}
	if i.Audience == "" {
		fault("audience", "", "is empty", "give what the aud claim of its tokens says for this API, like tasks")
	}
	known := "list what its tokens may open at most: " + strings.Join(scopes, ", ")
	if len(i.Scopes) == 0 {
		fault("scopes", "", "is empty: its tokens would open nothing", known)
	}
	for at, scope := range i.Scopes {
		switch {
		case !slices.Contains(scopes, scope):
			fault("scopes", scope, "is an unknown scope", known)
		case slices.Contains(i.Scopes[:at], scope):
			fault("scopes", scope, "is listed twice", "list it once")
		}
	}
	if !slices.Contains(IssuerAlgorithms[:], i.Algorithm) {
		fault("algorithm", i.Algorithm, "is unknown here", "use "+strings.Join(IssuerAlgorithms[:], ", ")+"; a secret is shared with nobody else")
	}
	return faults
}

// addIssuers lets further issuers be believed.
func (v *Verifier) addIssuers(cfg Config) error {
	var errs []error
	taken := []string{cfg.Issuer}
	for _, i := range cfg.Issuers {
		for _, fault := range i.Check(cfg.Scopes, taken) {
			errs = append(errs, fmt.Errorf("JWT_ISSUERS: %q: %w", i.Name, fault))
		}
		// Never the transport of our own keys, which may lead to our own BFF.
		keys, err := newJWKS("JWT_ISSUERS", i.JWKSURL, i.Algorithm, nil, cfg.Log, cfg.Now)
		if err != nil {
			errs = append(errs, err)
		}
		taken = append(taken, i.Name)
		v.further = append(v.further, &trust{
			issuer: i.Name, audience: i.Audience, algorithm: i.Algorithm,
			keys: keys, published: keys, scopes: common(i.Scopes, cfg.Scopes), further: true,
		})
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
