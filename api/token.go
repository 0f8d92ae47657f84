package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What parseToken and checkHeader let through, before any key is touched:
//
//   - a compact JWS (RFC 7515 §7.1) of three base64url segments and bounded
//     length; no JSON serialisation, no JWE (five segments), no padding, no
//     second spelling of the same bytes;
//   - a header that is one JSON object without duplicate names, so that no two
//     parsers can read it differently;
//   - alg exactly the one configured for the issuer: never "none", and never HS256 with a
//     public key as its secret (RFC 8725 §3.1);
//   - typ absent, JWT or at+jwt, in short or as a whole media type (RFC 8725 §3.11,
//     RFC 9068 §4): an ID token or a logout token of the same issuer is not an
//     access token;
//   - no crit, because we understand no extension (RFC 7515 §4.1.11), and no
//     b64, which would change what was signed (RFC 7797).
//
// jku, x5u, jwk and x5c are not even read: a token never chooses or brings the
// key that it is judged by.

// maxToken is the longest token looked at, in bytes. Ours have about 400; the
// rest is room for claims of other issuers.
const maxToken = 8 << 10

// signedToken is a token whose form is right and whose signature has not been
// checked: nothing in it may be believed yet.
type signedToken struct {
	header    []byte // decoded
	input     []byte // what was signed: the first two segments as sent
	payload   []byte // the claims, decoded
	signature []byte
}

// parseToken takes a token apart without judging its claims. An error is for
// the log.
func parseToken(token string) (signedToken, error) {
	if len(token) > maxToken {
		return signedToken{}, fmt.Errorf("longer than %d bytes", maxToken)
	}
	dot1, dot2, ok := segments(token)
	if !ok {
		return signedToken{}, errors.New("not a compact JWS")
	}
	head, err1 := decodeSegment(token[:dot1])
	payload, err2 := decodeSegment(token[dot1+1 : dot2])
	signature, err3 := decodeSegment(token[dot2+1:])
	if err := errors.Join(err1, err2, err3); err != nil {
		return signedToken{}, fmt.Errorf("a segment is not base64url: %w", err)
	}
	return signedToken{header: head, input: []byte(token[:dot2]), payload: payload, signature: signature}, nil
}

// segments finds the two dots of ^[\w-]+\.[\w-]+\.[\w-]+$. It is that
// expression by hand, at a twentieth of its cost.
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

// checkHeader returns the header's kid, empty when it names none, or what is
// wrong with the header.
func checkHeader(raw []byte, algorithm string) (keyID string, err error) {
	// Raw values, to tell an absent member from a null one. This decoder
	// refuses duplicate names, invalid UTF-8 and trailing data, and matches
	// names exactly; encoding/json would take "ALG" for "alg".
	var header struct {
		Algorithm jsontext.Value `json:"alg"`
		Type      jsontext.Value `json:"typ"`
		KeyID     jsontext.Value `json:"kid"`
		Critical  jsontext.Value `json:"crit"`
		Base64    jsontext.Value `json:"b64"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		return "", fmt.Errorf("header: %w", err)
	}
	if header.Critical != nil || header.Base64 != nil {
		return "", errors.New("header: has crit or b64")
	}
	if alg, ok := stringValue(header.Algorithm); !ok || alg != algorithm {
		return "", errors.New("header: alg is not " + algorithm)
	}
	if header.Type != nil {
		typ, ok := stringValue(header.Type)
		if !ok || !slices.Contains([]string{"jwt", "at+jwt"}, shortType(typ)) {
			return "", errors.New("header: typ is neither JWT nor at+jwt")
		}
	}
	if header.KeyID == nil {
		return "", nil
	}
	keyID, ok := stringValue(header.KeyID)
	if !ok {
		return "", errors.New("header: kid is not a string")
	}
	return keyID, nil
}

// shortType returns a typ in lower case and without application/: media types have no
// case, and it goes without saying where there is no other slash (RFC 7515 §4.1.9).
func shortType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// stringValue returns the text of a JSON string; ok is false for any other
// value and for an absent one.
func stringValue(v jsontext.Value) (s string, ok bool) {
	if v.Kind() != '"' {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, v)
	return string(text), err == nil
}
