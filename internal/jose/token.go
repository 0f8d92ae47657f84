package jose

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxToken is the longest token that is read, in bytes. Our own tokens have about 500. The
// rest is for the claims of other issuers.
const MaxToken = 8 << 10

// Parse, ParseHeader and Header.Check accept only, before any key is used:
//
//   - a compact JWS (RFC 7515 §7.1) of three base64url segments and bounded length: no JSON
//     serialisation, no JWE (five segments), no padding, no second spelling of the same
//     bytes;
//   - a header that is one JSON object without duplicate names, so that no two parsers read
//     it differently;
//   - the one alg that the caller expects: never "none", and never HS256 with a public key
//     as its secret (RFC 8725 §3.1);
//   - typ absent, JWT or at+jwt, short or as a whole media type (RFC 8725 §3.11, RFC 9068
//     §4): an ID token or a logout token is not an access token;
//   - no crit, because no extension is supported (RFC 7515 §4.1.11), and no b64, which
//     would change the signed bytes (RFC 7797).
//
// jku, x5u, jwk and x5c are not read: a token never chooses or brings its key.

// Token is a well-formed token. Its signature has not been checked: nothing in it can be
// trusted yet.
type Token struct {
	Header    []byte // decoded
	Payload   []byte // the claims, decoded
	input     []byte // the signed bytes: the first two segments as sent
	signature []byte
}

// Parse splits a token without judging its header or its claims.
func Parse(token string) (Token, error) {
	if len(token) > MaxToken {
		return Token{}, fmt.Errorf("longer than %d bytes", MaxToken)
	}
	dot1, dot2, ok := segments(token)
	if !ok {
		return Token{}, errors.New("not a compact JWS")
	}
	header, err1 := decodeSegment(token[:dot1])
	payload, err2 := decodeSegment(token[dot1+1 : dot2])
	signature, err3 := decodeSegment(token[dot2+1:])
	if err := errors.Join(err1, err2, err3); err != nil {
		return Token{}, fmt.Errorf("a segment is not base64url: %w", err)
	}
	return Token{Header: header, Payload: payload, input: []byte(token[:dot2]), signature: signature}, nil
}

// Digest returns the SHA-256 of the signed bytes in lower-case hex. It names the token also
// for somebody who changes its signature: each ECDSA signature has a second valid form.
func (t Token) Digest() string { return fmt.Sprintf("%x", sha256.Sum256(t.input)) }

// segments finds the two dots of ^[\w-]+\.[\w-]+\.[\w-]+$. Written by hand, it costs a
// twentieth of the expression.
func segments(token string) (dot1, dot2 int, ok bool) {
	dot1 = strings.IndexByte(token, '.')
	dot2 = strings.LastIndexByte(token, '.')
	if dot1 < 1 || dot2 < dot1+2 || dot2 == len(token)-1 {
		return 0, 0, false
	}
	for i, c := range []byte(token) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case i == dot1, i == dot2:
		default:
			return 0, 0, false
		}
	}
	return dot1, dot2, true
}

func decodeSegment(s string) ([]byte, error) {
	// Strict: the unused bits of the last character are zero.
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// Header is the header of a token.
type Header struct {
	Algorithm string
	KeyID     string // "" when absent
	// More reports members other than alg, typ and kid.
	More bool

	typ *string
}

// The errors of Header.Check.
var (
	ErrAlgorithm = errors.New("header: alg is not the expected one")
	ErrType      = errors.New("header: typ is neither JWT nor at+jwt")
)

// ParseHeader reads a decoded header without judging it.
func ParseHeader(raw []byte) (Header, error) {
	// Raw values, to tell an absent member from a null one. This decoder refuses duplicate
	// names, invalid UTF-8 and trailing data, and matches names exactly. encoding/json
	// would accept "ALG" as "alg".
	var members struct {
		Algorithm jsontext.Value `json:"alg"`
		Type      jsontext.Value `json:"typ"`
		KeyID     jsontext.Value `json:"kid"`
		Critical  jsontext.Value `json:"crit"`
		Base64    jsontext.Value `json:"b64"`
		Others    jsontext.Value `json:",embed"`
	}
	if err := json.Unmarshal(raw, &members); err != nil {
		return Header{}, fmt.Errorf("header: %w", err)
	}
	if members.Critical != nil || members.Base64 != nil {
		return Header{}, errors.New("header: has crit or b64")
	}
	h := Header{More: members.Others != nil}
	alg, ok1 := Text(members.Algorithm)
	typ, ok2 := Text(members.Type)
	kid, ok3 := Text(members.KeyID)
	if !ok1 && members.Algorithm != nil || !ok2 && members.Type != nil || !ok3 && members.KeyID != nil {
		return Header{}, errors.New("header: alg, typ or kid is not a string")
	}
	if h.Algorithm, h.KeyID = alg, kid; ok2 {
		h.typ = &typ
	}
	return h, nil
}

// Check compares the header with an algorithm and with the types of an access token. Its
// errors are ErrAlgorithm and ErrType.
func (h Header) Check(algorithm string) error {
	switch {
	case h.Algorithm != algorithm:
		return ErrAlgorithm
	case h.typ == nil:
		return nil
	}
	switch shortType(*h.typ) {
	case "jwt", TypeAccessToken:
		return nil
	}
	return ErrType
}

// shortType returns a typ in lower case and without application/. Media types are not
// case-sensitive, and application/ may be left out if there is no other slash (RFC 7515
// §4.1.9).
func shortType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}
