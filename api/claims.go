package api

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vestibule/internal/jose"
)

// claims is what a verified token says that is needed after verification.
type claims struct {
	// subject is who the token speaks for. Of a further issuer's token it has
	// the issuer's name before it, which makes it nobody's id here.
	subject string
	// actor is who acts for the subject, and before it whoever acted for that
	// one; empty when nobody does. It is for the log: it opens nothing.
	actor   string
	service bool    // the subject is a service and may name any user
	scope   scope   // what the token opens
	starts  float64 // the later of iat and nbf, in Unix seconds
	expires float64 // exp, likewise
}

// parseClaims reads the payload of a token whose signature is right. It is as
// strict as the header: one object, no duplicate names. Its errors are the
// 401 to answer. The order of its checks is PyJWT's, which is what a user of
// the quickstart's FastAPI backend has seen.
func parseClaims(payload []byte, t *trust, now time.Time) (claims, error) {
	raw, err := jose.ParseClaims(payload)
	if err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
	c, err := parseDates(raw)
	if err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
	if err := c.validAt(now); err != nil {
		return claims{}, err
	}
	if iss, ok := jose.Text(raw.Issuer); !ok || iss != t.issuer {
		return claims{}, errTokenInvalid.Because(errors.New("iss differs (compare " + t.setting("JWT_ISSUER") + ")"))
	}
	if !raw.IsFor(t.audience) {
		return claims{}, errTokenInvalid.Because(errors.New("aud differs (compare " + t.setting("JWT_AUDIENCE") + ")"))
	}
	sub, ok := jose.Text(raw.Subject)
	if !ok || !jose.UsableID(sub) {
		return claims{}, errNoSubject.Because(errors.New("sub is missing or unusable"))
	}
	c.subject = sub
	c.service = t.further || strings.HasPrefix(sub, jose.ServicePrefix)
	if t.further {
		c.subject = t.issuer + IssuerSeparator + sub
	}
	actors, _, err := jose.Actors(raw.Actor)
	if err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
	c.actor = strings.Join(actors, ", ")
	if c.scope, err = c.opened(raw.Scope, t.scopes); err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
	return c, nil
}

// opened returns what a token opens: what its scope claim says, within most.
// Without that claim a user's own token opens all that is theirs, and any other
// one nothing.
func (c claims) opened(claim jsontext.Value, most scope) (scope, error) {
	switch {
	case claim != nil:
		said, err := parseScope(claim)
		return said & most, err
	case c.service || c.actor != "":
		return 0, nil
	}
	return most, nil
}

// validAt says whether the token is valid at now. The dates are the only thing
// about a verified token that changes while it is remembered.
func (c claims) validAt(now time.Time) error {
	t := float64(now.UnixMilli()) / 1000
	switch {
	case t >= c.expires+jose.Skew.Seconds():
		return errTokenExpired
	case c.starts > t+jose.Skew.Seconds():
		return errTokenInvalid.Because(errors.New("iat or nbf is in the future (compare the clocks)"))
	}
	return nil
}

// name tells callers apart: a user, and a service that acts for them, choose their
// keys without knowing of each other.
func (c claims) name() string {
	name := c.subject
	if c.actor != "" {
		name += " " + c.actor
	}
	if len(name) > maxName {
		return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name)))
	}
	return name
}

// maxName bounds the name of a caller, in bytes. A long chain of actors under an
// issuer with a long name has more than the 2 704 that PostgreSQL's index of keys
// has room for.
const maxName = 1024

// ends is when validAt stops to hold.
func (c claims) ends() time.Time {
	return time.UnixMilli(int64(c.expires * 1000)).Add(jose.Skew)
}

func parseDates(raw jose.Claims) (c claims, err error) {
	if raw.Expires == nil {
		return claims{}, errors.New("exp is missing")
	}
	if c.expires, err = jose.Date(raw.Expires); err != nil {
		return claims{}, fmt.Errorf("exp: %w", err)
	}
	c.starts, err = raw.Starts()
	return c, err
}
