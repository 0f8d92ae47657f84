package settings

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"vestibule/api"
	"vestibule/api/bearer"
	"vestibule/internal/web"
)

const (
	// maxIssuers keeps a slip from becoming a hundred addresses that are asked
	// every minute.
	maxIssuers    = 32
	issuerExample = `write a JSON array like [{"issuer":"https://login.example.com","jwks_url":"https://login.example.com/jwks.json",` +
		`"audience":"tasks","algorithm":"EdDSA","scopes":["tasks:read"]}]`
)

// issuers reads JWT_ISSUERS and notes each mistake with the entry and the field
// that it is in.
func (c *checker) issuers(v string) []bearer.Issuer {
	var entries []jsontext.Value
	if err := json.Unmarshal([]byte(v), &entries); err != nil || entries == nil {
		c.refuse("", mistake{"is not a JSON array", issuerExample})
		return nil
	}
	if len(entries) > maxIssuers {
		c.refuse("", mistake{fmt.Sprintf("has %d entries", len(entries)), fmt.Sprintf("use at most %d", maxIssuers)})
		return nil
	}
	var all []bearer.Issuer
	for i, raw := range entries {
		e := issuerEntry{c: c, index: i}
		var fields map[string]jsontext.Value
		if raw.Kind() != '{' || json.Unmarshal(raw, &fields) != nil {
			e.refuse("", "is not an object", issuerExample)
			continue
		}
		issuer := e.read(fields)
		if slices.ContainsFunc(all, func(earlier bearer.Issuer) bool { return earlier.Name == issuer.Name }) && issuer.Name != "" {
			e.refuse("issuer", Show(issuer.Name)+" is in an earlier entry too", "give each issuer one entry")
		}
		all = append(all, issuer)
	}
	return all
}

// issuerEntry is one entry of JWT_ISSUERS while it is read.
type issuerEntry struct {
	c     *checker
	index int
}

func (e issuerEntry) refuse(field, problem, cure string) {
	if field != "" {
		field = "." + field
	}
	e.c.refuse("", mistake{fmt.Sprintf("[%d]%s %s", e.index, field, problem), cure})
}

func (e issuerEntry) read(fields map[string]jsontext.Value) bearer.Issuer {
	known := []string{"issuer", "jwks_url", "audience", "algorithm", "scopes"}
	var unknown []string
	for name := range fields {
		if !slices.Contains(known, name) {
			unknown = append(unknown, Show(name))
		}
	}
	if unknown != nil {
		slices.Sort(unknown)
		e.refuse("", "has the unknown field "+strings.Join(unknown, ", "), "use "+strings.Join(known, ", "))
	}
	issuer := bearer.Issuer{
		Name:      e.text(fields, "issuer", "the iss claim of its tokens, like https://login.example.com"),
		Audience:  e.text(fields, "audience", "what the aud claim of its tokens says for this API, like tasks"),
		Algorithm: e.text(fields, "algorithm", strings.Join(bearer.IssuerAlgorithms[:], ", ")),
		JWKSURL:   e.text(fields, "jwks_url", "where it publishes its keys, like https://login.example.com/jwks.json"),
		Scopes:    e.scopes(fields["scopes"]),
	}
	if strings.Contains(issuer.Name, bearer.IssuerSeparator) {
		e.refuse("issuer", "contains "+bearer.IssuerSeparator+", which stands between an issuer and its subjects in the log", "use an issuer without it")
	}
	if issuer.Algorithm != "" && !slices.Contains(bearer.IssuerAlgorithms[:], issuer.Algorithm) {
		e.refuse("algorithm", Show(issuer.Algorithm)+" is unknown here", "use "+strings.Join(bearer.IssuerAlgorithms[:], ", ")+"; a secret is shared with nobody else")
	}
	if issuer.JWKSURL != "" {
		if m := checkKeysURL(issuer.JWKSURL); m != nil {
			e.refuse("jwks_url", Show(issuer.JWKSURL)+" "+m.Problem, m.Cure)
		}
	}
	return issuer
}

// text reads a field that must be there; it is "" after a mistake.
func (e issuerEntry) text(fields map[string]jsontext.Value, name, means string) string {
	raw, given := fields[name]
	var text string
	switch {
	case !given:
		e.refuse(name, "is missing", "give "+means)
	case raw.Kind() != '"' || json.Unmarshal(raw, &text) != nil:
		e.refuse(name, "is not a string", "give "+means)
	case text == "":
		e.refuse(name, "is empty", "give "+means)
	default:
		if m := checkText(text); m != nil {
			e.refuse(name, m.Problem, m.Cure)
			return ""
		}
	}
	return text
}

func (e issuerEntry) scopes(raw jsontext.Value) []string {
	cure := "list what its tokens may open at most: " + strings.Join(api.Scopes[:], ", ")
	var scopes []string
	switch {
	case raw == nil:
		e.refuse("scopes", "is missing", cure)
	case raw.Kind() != '[' || json.Unmarshal(raw, &scopes) != nil:
		e.refuse("scopes", "is not an array of strings", cure)
	case len(scopes) == 0:
		e.refuse("scopes", "is empty: its tokens would open nothing", cure)
	}
	for i, s := range scopes {
		switch {
		case !slices.Contains(api.Scopes[:], s):
			e.refuse("scopes", "has the unknown scope "+Show(s), cure)
		case slices.Contains(scopes[:i], s):
			e.refuse("scopes", "lists "+s+" twice", "list it once")
		}
	}
	return scopes
}

// keysInClear is what is wrong with keys that are fetched over http, but from this
// machine.
var keysInClear = mistake{"is not https: whoever is on the way could put in keys of their own", "use https, or http to a loopback host"}

// checkKeysURL holds the address of another party's keys to https: whoever can
// change the answer on its way can mint tokens.
func checkKeysURL(v string) *mistake {
	const form = "write it like https://login.example.com/jwks.json"
	u, err := url.Parse(v)
	switch {
	case err != nil || strings.ContainsAny(v, " \t\r\n"):
		return &mistake{"is not a URL", form}
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "":
		return &mistake{"does not start with https://", form}
	case u.User != nil:
		return &mistake{"holds a user name or password, which is not used", "remove everything up to the @"}
	case u.Hostname() == "":
		return &mistake{"has no host", form}
	case strings.HasSuffix(u.Host, ":"), u.Port() != "" && !validPort(u.Port(), 1):
		return &mistake{"has no valid port", "use a port from 1 to 65535"}
	case strings.Contains(v, "#"):
		return &mistake{"has a fragment", "remove the # and what follows it"}
	case u.Scheme == "http" && !web.Loopback(u.Hostname()):
		return &keysInClear
	}
	return nil
}

// ownIssuer refuses a further issuer with our own name, whose tokens could not
// be told from ours.
func (c *checker) ownIssuer() {
	if !c.sound("JWT_ISSUERS", "JWT_ISSUER") {
		return
	}
	for i, issuer := range c.API.Issuers {
		if issuer.Name == c.BFF.JWTIssuer {
			c.conflict("JWT_ISSUERS", mistake{fmt.Sprintf("[%d].issuer is JWT_ISSUER, our own", i), "leave the entry out, or give the BFF another JWT_ISSUER"})
		}
	}
}
