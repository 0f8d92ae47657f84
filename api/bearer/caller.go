package bearer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vestibule/internal/jose"
)

// Caller is who makes a request, from a verified token.
type Caller struct {
	// Subject is who the token speaks for. For a further issuer the issuer's name comes
	// first, so the subject is never the id of one of our users.
	Subject string
	// Issuer is the issuer of the token.
	Issuer string
	// Actor is who acts for the subject, followed by each earlier actor. It is empty when
	// nobody does. It is only for the log and opens nothing.
	Actor string
	// Service reports that the subject is a service, which may name any user.
	Service bool
	// Scopes are what the token opens. Do not change them.
	Scopes []string

	starts  float64 // the later of iat and nbf, in Unix seconds
	expires float64 // exp, in Unix seconds
}

// caller reads the claims of a token with a valid signature. Its errors are 401. It checks
// in the order of PyJWT, as the quickstart's FastAPI backend does.
func (t *trust) caller(claims jose.Claims, now time.Time) (Caller, error) {
	c, err := parseDates(claims)
	if err != nil {
		return Caller{}, invalid(malformed, err)
	}
	if err := c.validAt(now); err != nil {
		return Caller{}, err
	}
	if iss, ok := jose.Text(claims.Issuer); !ok || iss != t.issuer {
		return Caller{}, invalid(wrongIssuer, errors.New("iss differs (compare "+t.setting("JWT_ISSUER")+")"))
	}
	if !claims.IsFor(t.audience) {
		return Caller{}, invalid(wrongAudience, errors.New("aud differs (compare "+t.setting("JWT_AUDIENCE")+")"))
	}
	sub, ok := jose.Text(claims.Subject)
	if !ok || !jose.UsableID(sub) {
		return Caller{}, ErrNoSubject.Because(because{wrongSubject, errors.New("sub is missing or unusable")})
	}
	c.Issuer, c.Subject = t.issuer, sub
	c.Service = t.further || strings.HasPrefix(sub, jose.ServicePrefix)
	if t.further {
		c.Subject = t.issuer + IssuerSeparator + sub
	}
	actors, _, err := jose.Actors(claims.Actor)
	if err != nil {
		return Caller{}, invalid(malformed, err)
	}
	c.Actor = strings.Join(actors, ", ")
	if c.Scopes, err = t.opened(c, claims.Scope); err != nil {
		return Caller{}, invalid(malformed, err)
	}
	return c, nil
}

// opened returns the scopes that a token opens: its scope claim, within the limits of its
// issuer. Without the claim, a user's own token opens all scopes of a user, and other
// tokens open none.
func (t *trust) opened(c Caller, claim jsontext.Value) ([]string, error) {
	switch {
	case claim != nil:
		said, err := jose.Scopes(claim)
		return common(t.scopes, said), err
	case c.Service || c.Actor != "":
		return nil, nil
	}
	return t.scopes, nil
}

// common returns the elements of all that are also in some.
func common(all, some []string) (both []string) {
	for _, s := range all {
		if slices.Contains(some, s) {
			both = append(both, s)
		}
	}
	return both
}

// May reports whether the token opens all of these scopes, written as in a scope claim:
// words separated by spaces.
func (c Caller) May(scopes string) bool {
	for scope := range strings.FieldsSeq(scopes) {
		if !slices.Contains(c.Scopes, scope) {
			return false
		}
	}
	return true
}

// validAt reports whether the token is valid at now. Only its dates must be checked again
// for a remembered token.
func (c Caller) validAt(now time.Time) error {
	t := float64(now.UnixMilli()) / 1000
	switch {
	case t >= c.expires+jose.Skew.Seconds():
		return ErrExpired
	case c.starts > t+jose.Skew.Seconds():
		return invalid(tooEarly, errors.New("iat or nbf is in the future (compare the clocks)"))
	}
	return nil
}

// Name identifies a caller. A user and a service that acts for the user have different
// names.
func (c Caller) Name() string {
	name := c.Subject
	if c.Actor != "" {
		name += " " + c.Actor
	}
	if len(name) > maxName {
		return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name)))
	}
	return name
}

// maxName bounds the name of a caller, in bytes. An index of PostgreSQL has room for 2 704
// bytes, and a long chain of actors with a long issuer could exceed that.
const maxName = 1024

// Ends returns when the token stops being valid here.
func (c Caller) Ends() time.Time {
	return time.UnixMilli(int64(c.expires * 1000)).Add(jose.Skew)
}

func parseDates(claims jose.Claims) (c Caller, err error) {
	if claims.Expires == nil {
		return Caller{}, errors.New("exp is missing")
	}
	if c.expires, err = jose.Date(claims.Expires); err != nil {
		return Caller{}, fmt.Errorf("exp: %w", err)
	}
	c.starts, err = claims.Starts()
	return c, err
}
