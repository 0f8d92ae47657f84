package token

// What VerifySubject lets through: a token that we have minted for a user, and
// nothing that a parser could read in two ways.
//
//  1. A compact JWS of bounded length, its base64url without a second spelling.
//  2. A header with alg, typ and kid and no other member, since we write no other:
//     no crit, and no key that the token brings along. alg is the configured one.
//  3. Our signature: of the secret or a previous one, or of a key in our table that
//     has not ended, found by its kid alone.
//  4. iss ours, aud the API's, one string: a token that was narrowed to another
//     audience is not widened again. sub and exp there, and exp not past: there is
//     no skew, since it was our own clock that set it.
//  5. Ids that the audit trail can hold, and that read there as ids and nothing
//     else: whoever has the secret of HS256 can write anything in their place.
//  6. Nothing that opens more here than at the API: a null is no absence, a scope is
//     spelled as RFC 6749 has it, and without one a token of somebody who acts for
//     the user opens nothing.

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Subject is a user as their token tells of them.
type Subject struct {
	UserID    string
	SessionID string   // "" in a token that was minted outside, with the secret
	TokenID   string   // jti; "" likewise
	Scope     []string // meaningless unless Scoped
	Scoped    bool     // the token opens no more than Scope
	Actor     *Actor   // nil: nobody acts for the user
	Expires   time.Time
}

// NotSubject says why a token is not one of ours with which somebody may act for
// its user.
type NotSubject string

func (why NotSubject) Error() string { return string(why) }

const (
	maxSubject = 8 << 10 // bytes of a token; ours have about 500
	maxID      = 255     // bytes, as in the API
	// clockSkew is how far the clock of another instance may be ahead.
	clockSkew = 30 * time.Second
	maxDate   = 253402300799 // the end of the year 9999
)

// VerifySubject reads a user's token. Its errors are NotSubject or the table's.
func (m *Minter) VerifySubject(ctx context.Context, raw string) (Subject, error) {
	if len(raw) > maxSubject || strings.Count(raw, ".") != 2 {
		return Subject{}, NotSubject("it is no compact JWS")
	}
	parts := strings.Split(raw, ".")
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		// Strict, but for line breaks, which the decoder skips.
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return Subject{}, NotSubject("it is no compact JWS")
		}
	}
	kid, err := m.readHeader(decoded[0])
	if err != nil {
		return Subject{}, err
	}
	keys, err := m.verifiers(ctx, kid)
	if err != nil {
		return Subject{}, err
	}
	input := []byte(raw[:len(parts[0])+1+len(parts[1])])
	for _, key := range keys {
		if signedBy(m.config.Algorithm, input, decoded[2], key) {
			return m.readClaims(decoded[1])
		}
	}
	return Subject{}, NotSubject("its signature is not ours")
}

// readHeader returns the kid. The decoder refuses duplicate names and takes them
// in one case only.
func (m *Minter) readHeader(raw []byte) (kid string, err error) {
	var h struct {
		Algorithm string  `json:"alg"`
		Type      *string `json:"typ"`
		KeyID     string  `json:"kid"`
	}
	if err := json.Unmarshal(raw, &h, json.RejectUnknownMembers(true)); err != nil || hasNull(raw, "typ", "kid") {
		return "", NotSubject("its header is not one of ours")
	}
	if h.Algorithm != m.config.Algorithm {
		return "", NotSubject("its alg is not " + m.config.Algorithm)
	}
	if h.Type != nil && !slices.Contains([]string{"jwt", accessToken}, shortType(*h.Type)) {
		return "", NotSubject("its typ is neither JWT nor at+jwt")
	}
	return h.KeyID, nil
}

// shortType returns a typ in lower case and without application/: media types have no
// case, and it goes without saying where there is no other slash (RFC 7515 §4.1.9).
func shortType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// verifiers returns the keys that may have signed a token with this kid.
func (m *Minter) verifiers(ctx context.Context, kid string) (keys []any, err error) {
	if m.config.Algorithm == HS256 {
		keys = append(keys, m.config.Secret)
		for _, previous := range m.config.PreviousSecrets {
			keys = append(keys, previous)
		}
		return keys, nil
	}
	set, err := m.keySet(ctx)
	if err != nil {
		return nil, err
	}
	if _, known := set.public[kid]; !known {
		// Another instance may have made it since the last reading. Who asks is a
		// client that has shown its secret, so this is no way to make the database work.
		if set, err = m.publish(ctx, m.config.Now()); err != nil {
			return nil, err
		}
		m.set.last.Store(set)
	}
	if k, known := set.public[kid]; known && k.algorithm == m.config.Algorithm {
		keys = append(keys, k.key)
	}
	return keys, nil
}

// readClaims reads the claims of a token whose signature is ours.
func (m *Minter) readClaims(payload []byte) (Subject, error) {
	var c struct {
		Issuer    string         `json:"iss"`
		Audience  jsontext.Value `json:"aud"`
		Subject   string         `json:"sub"`
		Session   string         `json:"sid"`
		ID        string         `json:"jti"`
		IssuedAt  float64        `json:"iat"`
		NotBefore float64        `json:"nbf"`
		Expires   float64        `json:"exp"`
		Scope     jsontext.Value `json:"scope"`
		Act       jsontext.Value `json:"act"`
	}
	if err := json.Unmarshal(payload, &c); err != nil || hasNull(payload, "iat", "nbf", "sid", "jti", "act", "scope") {
		return Subject{}, NotSubject("its claims cannot be read")
	}
	now := m.config.Now()
	ahead := float64(now.Add(clockSkew).Unix())
	var aud string
	switch {
	case c.Issuer != m.config.Issuer:
		return Subject{}, NotSubject("its iss is not ours")
	case json.Unmarshal(c.Audience, &aud) != nil, aud != m.config.Audience:
		return Subject{}, NotSubject("its aud is not " + m.config.Audience)
	case c.Subject == "":
		return Subject{}, NotSubject("it has no sub")
	case c.Expires > maxDate, float64(now.Unix()) >= c.Expires:
		return Subject{}, NotSubject("it has expired")
	case c.IssuedAt > ahead, c.NotBefore > ahead:
		return Subject{}, NotSubject("it begins in the future")
	case !printable(c.Session) || !printable(c.ID):
		return Subject{}, NotSubject("its sid or jti is not one of ours")
	}
	s := Subject{UserID: c.Subject, SessionID: c.Session, TokenID: c.ID, Expires: time.Unix(int64(c.Expires), 0).UTC()}
	if c.Scope != nil {
		var scope string
		strange := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' } // RFC 6749 §3.3
		if json.Unmarshal(c.Scope, &scope) != nil || strings.ContainsFunc(scope, strange) {
			return Subject{}, NotSubject("its scope is not words with spaces between them")
		}
		s.Scope, s.Scoped = strings.Fields(scope), true
	}
	if c.Act != nil {
		// Whatever else it says would be lost, so it must not say more.
		if err := json.Unmarshal(c.Act, &s.Actor, json.RejectUnknownMembers(true)); err != nil {
			return Subject{}, NotSubject("its act is not one of ours")
		}
		for a := s.Actor; a != nil; a = a.Act {
			if a.Subject == "" || !printable(a.Subject) {
				return Subject{}, NotSubject("its act is not one of ours")
			}
		}
		s.Scoped = true
	}
	return s, nil
}

// hasNull says whether one of these members of an object is null, which would pass
// for an absent one: a scope of null for none, which opens all.
func hasNull(object []byte, names ...string) bool {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool { return members[name].Kind() == 'n' })
}

// printable says whether text is of the characters that ids are made of. "" is.
func printable(text string) bool {
	strange := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' || r == ';' }
	return len(text) <= maxID && !strings.ContainsFunc(text, strange)
}
