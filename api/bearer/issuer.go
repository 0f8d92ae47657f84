package bearer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"vestibule/internal/jose"
)

// The rules for several issuers:
//
//   - The unverified iss of a token chooses the issuer. Then all rules of that issuer
//     apply: algorithm, keys, audience, and iss once more (RFC 8725 §3.8). For an unknown
//     iss, our own rules apply.
//   - No key is used for two issuers: each has its own key set, its own address and its own
//     memory of verified tokens, even if kids are equal.
//   - A further issuer speaks for services, never for our users: its name is put before its
//     subjects, and its tokens open only the scopes that it was given.

// trust is one trusted issuer, with its limits.
type trust struct {
	issuer, audience, algorithm string

	keys      keySource
	published *jwks    // keys, if they are fetched
	scopes    []string // the most that its tokens open
	further   bool     // it is not our own
}

// IssuerAlgorithms are the algorithms of further issuers. HS256 is missing: a secret is
// never shared with them.
var IssuerAlgorithms = [...]string{jose.EdDSA, jose.ES256, jose.RS256}

// Issuer is a further trusted issuer.
type Issuer struct {
	// Name is the required iss. aud must contain Audience.
	Name, Audience string
	Algorithm      string // one of IssuerAlgorithms
	JWKSURL        string
	Scopes         []string // the most that its tokens may open
}

// IssuerSeparator is between an issuer and its subject in every name of a caller. No
// issuer's name contains it, so no two callers have the same name.
const IssuerSeparator = "|"

// IssuerFault is a fault in a field of an Issuer. The field is named as in JWT_ISSUERS.
// Value is the faulty part, if it helps.
type IssuerFault struct{ Field, Value, Problem, Cure string }

func (f IssuerFault) Error() string {
	return fmt.Sprintf("%s %q %s; %s", f.Field, f.Value, f.Problem, f.Cure)
}

// Check returns all faults of i. scopes are all scopes of the API. taken are the names of
// our own issuer and of the earlier ones.
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

// addIssuers adds further issuers.
func (v *Verifier) addIssuers(cfg Config) error {
	var errs []error
	taken := []string{cfg.Issuer}
	for _, i := range cfg.Issuers {
		for _, fault := range i.Check(cfg.Scopes, taken) {
			errs = append(errs, fmt.Errorf("JWT_ISSUERS: %q: %w", i.Name, fault))
		}
		// Never use the transport of our own keys, which may lead to our own BFF.
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

// of returns the issuer whose rules apply to a token, by its unverified claims.
func (v *Verifier) of(claims jose.Claims) *trust {
	name, ok := jose.Text(claims.Issuer)
	for _, t := range v.further {
		if ok && t.issuer == name {
			return t
		}
	}
	return v.own
}

// setting names the setting to compare when a token of this issuer is refused.
func (t *trust) setting(own string) string {
	if t.further {
		return "JWT_ISSUERS"
	}
	return own
}

// keySetting names the setting for the keys of this issuer.
func (t *trust) keySetting() string {
	if t.algorithm == jose.HS256 {
		return "BETTER_AUTH_SECRET"
	}
	return t.setting("JWKS_URL")
}
