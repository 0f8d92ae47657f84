package jose

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Claims are the claims of a token as sent, nil when absent. The caller reads each with
// Text, Date, Scopes and so on, in the order of its checks.
type Claims struct {
	Issuer    jsontext.Value `json:"iss"`
	Audience  jsontext.Value `json:"aud"`
	Subject   jsontext.Value `json:"sub"`
	Session   jsontext.Value `json:"sid"`
	ID        jsontext.Value `json:"jti"`
	Client    jsontext.Value `json:"client_id"`
	Expires   jsontext.Value `json:"exp"`
	NotBefore jsontext.Value `json:"nbf"`
	IssuedAt  jsontext.Value `json:"iat"`
	Scope     jsontext.Value `json:"scope"`
	Actor     jsontext.Value `json:"act"`
}

// ParseClaims reads the payload of a token. It is as strict as ParseHeader: one object, and
// no duplicate names at any depth.
func ParseClaims(payload []byte) (Claims, error) {
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, fmt.Errorf("claims: %w", err)
	}
	return c, nil
}

// Text returns the text of a JSON string. ok is false for any other value and for an absent
// one.
func Text(v jsontext.Value) (s string, ok bool) {
	if v.Kind() != '"' {
		return "", false
	}
	if plain(v) {
		return string(v[1 : len(v)-1]), true
	}
	text, err := jsontext.AppendUnquote(nil, v)
	return string(text), err == nil
}

// plain reports whether a JSON string has nothing to unquote. Most have nothing, and each
// new token has five strings to read.
func plain(v jsontext.Value) bool {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return false
	}
	for _, c := range v[1 : len(v)-1] {
		if !Quotable(rune(c)) {
			return false
		}
	}
	return true
}

// Quotable reports whether r is printable ASCII and needs no escape between quotation
// marks. RFC 6749 appendix A calls it NQSCHAR. Scopes and error texts consist of it.
func Quotable(r rune) bool { return ' ' <= r && r <= '~' && r != '"' && r != '\\' }

// Date reads seconds since 1970, which may have a fraction (RFC 7519 §2).
func Date(v jsontext.Value) (float64, error) {
	// Of all JSON values, only a number parses.
	date, err := strconv.ParseFloat(string(v), 64)
	if err != nil || date > MaxDate {
		return 0, errors.New("not a date in seconds")
	}
	return date, nil
}

// Starts returns the later of nbf and iat, or 0 when both are absent.
func (c Claims) Starts() (starts float64, err error) {
	for _, start := range []jsontext.Value{c.NotBefore, c.IssuedAt} {
		if start == nil {
			continue
		}
		date, err := Date(start)
		if err != nil {
			return 0, fmt.Errorf("iat or nbf: %w", err)
		}
		starts = max(starts, date)
	}
	return starts, nil
}

// IsFor reports whether aud, one string or an array of strings, names the audience.
func (c Claims) IsFor(audience string) bool {
	if one, ok := Text(c.Audience); ok {
		return one == audience
	}
	var several []jsontext.Value
	if c.Audience.Kind() != '[' || json.Unmarshal(c.Audience, &several) != nil {
		return false
	}
	found := false
	for _, v := range several {
		one, ok := Text(v)
		if !ok {
			return false // not an audience claim at all
		}
		found = found || one == audience
	}
	return found
}

// Actors reads an act claim (RFC 8693 §4.1) and returns its chain, the current actor first.
// more reports whether some actor has members other than sub and act.
func Actors(act jsontext.Value) (chain []string, more bool, err error) {
	for act != nil {
		var actor struct {
			Subject jsontext.Value `json:"sub"`
			Actor   jsontext.Value `json:"act"`
			Others  jsontext.Value `json:",embed"`
		}
		if act.Kind() != '{' || len(chain) == MaxActors {
			return nil, false, errors.New("act is not an object, or nested too deeply")
		}
		if err := json.Unmarshal(act, &actor); err != nil {
			return nil, false, fmt.Errorf("act: %w", err)
		}
		sub, ok := Text(actor.Subject)
		if !ok || !UsableID(sub) {
			return nil, false, errors.New("act has no sub")
		}
		more = more || actor.Others != nil
		chain, act = append(chain, sub), actor.Actor
	}
	return chain, more, nil
}

// UsableID refuses ids that a database or a log cannot hold; PostgreSQL, for example, fails
// on NUL. A valid signature proves who the issuer is, not that the issuer is careful.
func UsableID(id string) bool {
	if id == "" || len(id) > MaxID {
		return false
	}
	for _, c := range []byte(id) {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
