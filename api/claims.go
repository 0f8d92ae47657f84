package api

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// skew is how far the clocks of an issuer and of this server may differ.
const skew = 30 * time.Second

// maxDate is the end of the year 9999 in Unix seconds. A claim beyond it is
// not a date but a mistake, often milliseconds.
const maxDate = 253402300799

// maxSubject bounds a user's or client's id, in bytes.
const maxSubject = 255

// servicePrefix begins the ids of service clients, and of nobody else.
const servicePrefix = "svc_"

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
// strict as checkHeader: one object, no duplicate names. Its errors are the
// 401 to answer. The order of its checks is PyJWT's, which is what a user of
// the quickstart's FastAPI backend has seen.
func parseClaims(payload []byte, t *trust, now time.Time) (claims, error) {
	var raw struct {
		Issuer    jsontext.Value `json:"iss"`
		Audience  jsontext.Value `json:"aud"`
		Subject   jsontext.Value `json:"sub"`
		Expires   jsontext.Value `json:"exp"`
		NotBefore jsontext.Value `json:"nbf"`
		IssuedAt  jsontext.Value `json:"iat"`
		Scope     jsontext.Value `json:"scope"`
		Actor     jsontext.Value `json:"act"`
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return claims{}, errTokenInvalid.Because(fmt.Errorf("claims: %w", err))
	}
	c, err := parseDates(raw.Expires, raw.NotBefore, raw.IssuedAt)
	if err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
	if err := c.validAt(now); err != nil {
		return claims{}, err
	}
	if iss, ok := stringValue(raw.Issuer); !ok || iss != t.issuer {
		return claims{}, errTokenInvalid.Because(errors.New("iss differs (compare " + t.setting("JWT_ISSUER") + ")"))
	}
	if !names(raw.Audience, t.audience) {
		return claims{}, errTokenInvalid.Because(errors.New("aud differs (compare " + t.setting("JWT_AUDIENCE") + ")"))
	}
	sub, ok := stringValue(raw.Subject)
	if !ok || !usableSubject(sub) {
		return claims{}, errNoSubject.Because(errors.New("sub is missing or unusable"))
	}
	c.subject = sub
	c.service = t.further || strings.HasPrefix(sub, servicePrefix)
	if t.further {
		c.subject = t.issuer + IssuerSeparator + sub
	}
	if c.actor, err = parseActor(raw.Actor); err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
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

// maxActors bounds the chain of those who acted for one another.
const maxActors = 8

// parseActor reads an act claim (RFC 8693 §4.1) and returns the chain of its
// actors, the one who acts now first.
func parseActor(act jsontext.Value) (string, error) {
	var chain []string
	for act != nil {
		var raw struct {
			Subject jsontext.Value `json:"sub"`
			Actor   jsontext.Value `json:"act"`
		}
		if act.Kind() != '{' || len(chain) == maxActors {
			return "", errors.New("act is not an object, or nested too deeply")
		}
		if err := json.Unmarshal(act, &raw); err != nil {
			return "", fmt.Errorf("act: %w", err)
		}
		sub, ok := stringValue(raw.Subject)
		if !ok || !usableSubject(sub) {
			return "", errors.New("act names nobody")
		}
		chain, act = append(chain, sub), raw.Actor
	}
	return strings.Join(chain, ", "), nil
}

// validAt says whether the token is valid at now. The dates are the only thing
// about a verified token that changes while it is remembered.
func (c claims) validAt(now time.Time) error {
	t := float64(now.UnixMilli()) / 1000
	switch {
	case t >= c.expires+skew.Seconds():
		return errTokenExpired
	case c.starts > t+skew.Seconds():
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
	return time.UnixMilli(int64(c.expires * 1000)).Add(skew)
}

func parseDates(exp, nbf, iat jsontext.Value) (c claims, err error) {
	if exp == nil {
		return claims{}, errors.New("exp is missing")
	}
	if c.expires, err = numericDate(exp); err != nil {
		return claims{}, fmt.Errorf("exp: %w", err)
	}
	for _, start := range []jsontext.Value{nbf, iat} {
		if start == nil {
			continue
		}
		date, err := numericDate(start)
		if err != nil {
			return claims{}, fmt.Errorf("iat or nbf: %w", err)
		}
		c.starts = max(c.starts, date)
	}
	return c, nil
}

// numericDate reads seconds since 1970, which may have a fraction (RFC 7519 §2). Of
// the values of JSON only a number parses.
func numericDate(v jsontext.Value) (float64, error) {
	date, err := strconv.ParseFloat(string(v), 64)
	if err != nil || date > maxDate {
		return 0, errors.New("not a date in seconds")
	}
	return date, nil
}

// names says whether an aud claim, one string or an array of them, holds want.
func names(aud jsontext.Value, want string) bool {
	if one, ok := stringValue(aud); ok {
		return one == want
	}
	var several []jsontext.Value
	if aud.Kind() != '[' || json.Unmarshal(aud, &several) != nil {
		return false
	}
	found := false
	for _, v := range several {
		one, ok := stringValue(v)
		if !ok {
			return false // not an audience claim at all
		}
		found = found || one == want
	}
	return found
}

// usableSubject keeps out what cannot be an id in a database or a log: the
// signature vouches for the issuer's honesty, not for its care. PostgreSQL
// fails on NUL, for one.
func usableSubject(sub string) bool {
	if sub == "" || len(sub) > maxSubject {
		return false
	}
	for _, c := range []byte(sub) {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
