package token

// What Verify lets through: a token that we have minted, and nothing that a parser
// could read in two ways.
//
//  1. The form that internal/jose reads: a compact JWS of bounded length, one
//     spelling, no duplicate names.
//  2. A header with alg, typ and kid and no other member, since we write no other.
//     alg is the configured one.
//  3. Our signature: of the secret or a previous one, or of a key in our table that
//     has not ended, found by its kid only.
//  4. iss is ours; aud is one string. sub and exp are present, and exp is not past:
//     there is no skew, because our own clock set it.
//  5. Ids that the audit trail can hold, and that read there as ids and nothing
//     else: whoever has the secret of HS256 can write anything in their place.
//  6. Nothing that opens more here than at the API: null does not count as absent,
//     a scope is spelled as in RFC 6749, and a token of somebody who acts for the
//     user opens nothing without a scope.
//
// VerifySubject requires more: aud is the API's. A token that was narrowed to another
// audience, or that is for the upstream of another route, is not widened.

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vestibule/internal/jose"
)

// Subject is whom a token stands for, as the token says.
type Subject struct {
	UserID    string // in a service's own token, the service
	SessionID string // "" in a token of a service or an operator, and in one that was minted outside, with the secret
	TokenID   string // jti; "" if it was minted outside
	ClientID  string // the service that the token was given to
	Audience  string
	Scope     []string  // only if Scoped
	Scoped    bool      // the token opens Scope and no more; else all that is the user's
	Actor     *Actor    // nil: nobody acts for the user
	IssuedAt  time.Time // zero if it was minted outside, without iat
	Expires   time.Time
	Digest    string // names the token: see jose.Token.Digest
}

// NotSubject says why a token is refused: it is not ours, or not good any more, or nobody
// may act for its user with it.
type NotSubject string

func (why NotSubject) Error() string { return string(why) }

// VerifySubject reads a user's token that is to be exchanged. Its errors are NotSubject or
// the table's.
func (m *Minter) VerifySubject(ctx context.Context, raw string) (Subject, error) {
	s, err := m.Verify(ctx, raw)
	if err == nil && s.Audience != m.config.Audience {
		return Subject{}, NotSubject("its aud is not " + m.config.Audience)
	}
	return s, err
}

// Verify reads any of our tokens. It does not know whether the user, the session or the
// client still exists. Its errors are NotSubject or the table's.
func (m *Minter) Verify(ctx context.Context, raw string) (Subject, error) {
	return m.verify(ctx, raw, true)
}

// VerifyBearer is Verify for a token that anybody may have sent. So it does not look for a
// key that another instance has just added: a made-up kid causes no query.
func (m *Minter) VerifyBearer(ctx context.Context, raw string) (Subject, error) {
	return m.verify(ctx, raw, false)
}

func (m *Minter) verify(ctx context.Context, raw string, lookForKey bool) (Subject, error) {
	t, err := jose.Parse(raw)
	if err != nil {
		return Subject{}, NotSubject("it is no compact JWS")
	}
	kid, err := m.readHeader(t.Header)
	if err != nil {
		return Subject{}, err
	}
	keys, err := m.verifiers(ctx, kid, lookForKey)
	if err != nil {
		return Subject{}, err
	}
	if !slices.ContainsFunc(keys, t.SignedBy) {
		return Subject{}, NotSubject("its signature is not ours")
	}
	s, err := m.readClaims(t.Payload)
	if err != nil {
		return Subject{}, err
	}
	s.Digest = t.Digest()
	return s, nil
}

// readHeader returns the kid.
func (m *Minter) readHeader(raw []byte) (kid string, err error) {
	h, err := jose.ParseHeader(raw)
	if err != nil || h.More {
		return "", NotSubject("its header is not one of ours")
	}
	if h.Algorithm != m.config.Algorithm {
		return "", NotSubject("its alg is not " + m.config.Algorithm)
	}
	if h.Check(m.config.Algorithm) != nil {
		return "", NotSubject("its typ is neither JWT nor at+jwt")
	}
	return h.KeyID, nil
}

// verifiers returns the keys that may have signed a token with this kid. With look it reads
// the table again for an unknown kid.
func (m *Minter) verifiers(ctx context.Context, kid string, look bool) (keys []jose.Key, err error) {
	if m.config.Algorithm == jose.HS256 {
		keys = append(keys, jose.Secret(m.config.Secret))
		for _, previous := range m.config.PreviousSecrets {
			keys = append(keys, jose.Secret(previous))
		}
		return keys, nil
	}
	set, err := m.keySet(ctx)
	if err != nil {
		return nil, err
	}
	if _, known := set.public[kid]; !known && look {
		// Another instance may have made it since the last reading. The client that
		// asks has shown its secret, so strangers cannot make the database work.
		if set, err = m.reread(ctx); err != nil {
			return nil, err
		}
	}
	if k, known := set.public[kid]; known && k.Algorithm() == m.config.Algorithm {
		keys = append(keys, k)
	}
	return keys, nil
}

// readClaims reads the claims of a token whose signature is ours.
func (m *Minter) readClaims(payload []byte) (Subject, error) {
	c, err := jose.ParseClaims(payload)
	if err != nil || !hasKinds(c) {
		return Subject{}, NotSubject("its claims cannot be read")
	}
	issuer, _ := jose.Text(c.Issuer)
	audience, _ := jose.Text(c.Audience) // one string
	user, _ := jose.Text(c.Subject)
	session, _ := jose.Text(c.Session)
	id, _ := jose.Text(c.ID)
	client, _ := jose.Text(c.Client)
	expires, _ := jose.Date(c.Expires) // 0, long past, when it is not a date
	starts, errStarts := c.Starts()
	now := m.config.Now()
	switch {
	case issuer != m.config.Issuer:
		return Subject{}, NotSubject("its iss is not ours")
	case audience == "":
		return Subject{}, NotSubject("its aud is not one string")
	case user == "":
		return Subject{}, NotSubject("it has no sub")
	case float64(now.Unix()) >= expires:
		return Subject{}, NotSubject("it has expired")
	case errStarts != nil, starts > float64(now.Add(jose.Skew).Unix()): // the clock of another instance may be ahead
		return Subject{}, NotSubject("it begins in the future")
	case !printable(session) || !printable(id) || !printable(client):
		return Subject{}, NotSubject("its sid, jti or client_id is not one of ours")
	}
	s := Subject{UserID: user, SessionID: session, TokenID: id, ClientID: client, Audience: audience, Expires: time.Unix(int64(expires), 0).UTC()}
	if issued, err := jose.Date(c.IssuedAt); err == nil && issued > 0 {
		s.IssuedAt = time.Unix(int64(issued), 0).UTC()
	}
	return s, s.readLimits(c)
}

// readLimits reads the scope of a token, and who acts with it.
func (s *Subject) readLimits(c jose.Claims) (err error) {
	if c.Scope != nil {
		if s.Scope, err = jose.Scopes(c.Scope); err != nil {
			return s.refuse("its scope is not words with spaces between them")
		}
		s.Scoped = true
	}
	if c.Actor == nil {
		return nil
	}
	chain, more, err := jose.Actors(c.Actor)
	// Whatever else it says would be lost, so it must not say more.
	if err != nil || more || slices.ContainsFunc(chain, func(id string) bool { return !printable(id) }) {
		return s.refuse("its act is not one of ours")
	}
	for _, id := range slices.Backward(chain) {
		s.Actor = &Actor{Subject: id, Act: s.Actor}
	}
	s.Scoped = true
	return nil
}

// refuse leaves nothing of what was read.
func (s *Subject) refuse(why string) error {
	*s = Subject{}
	return NotSubject(why)
}

// hasKinds says whether every claim that is present has its JSON type. null has the
// wrong one: it would pass for an absent claim, and a token without scope opens all.
func hasKinds(c jose.Claims) bool {
	are := func(kind jsontext.Kind, values ...jsontext.Value) bool {
		return !slices.ContainsFunc(values, func(v jsontext.Value) bool { return v != nil && v.Kind() != kind })
	}
	return are('"', c.Issuer, c.Subject, c.Session, c.ID, c.Client) && are('0', c.Expires, c.NotBefore, c.IssuedAt) &&
		c.Scope.Kind() != 'n' && c.Actor.Kind() != 'n'
}

// printable says whether text consists of the characters that ids are made of. "" does.
func printable(text string) bool {
	strange := func(r rune) bool { return !jose.Quotable(r) || r == ' ' || r == ';' }
	return len(text) <= jose.MaxID && !strings.ContainsFunc(text, strange)
}
