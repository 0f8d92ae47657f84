package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"vestibule/api"
	"vestibule/api/bearer"
)

const (
	// maxIssuers bounds how many addresses the API asks for keys every minute.
	maxIssuers    = 32
	issuerExample = `write a JSON array like [{"issuer":"https://login.example.com","jwks_url":"https://login.example.com/jwks.json",` +
		`"audience":"tasks","algorithm":"EdDSA","scopes":["tasks:read"]}]`
)

// issuers reads JWT_ISSUERS. It reports each mistake with its entry and field.
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
	usedNames := []string{c.BFF.JWTIssuer}
	for i, raw := range entries {
		e := issuerEntry{c: c, index: i, invalid: map[string]bool{}}
		var fields map[string]jsontext.Value
		if raw.Kind() != '{' || json.Unmarshal(raw, &fields) != nil {
			e.refuse("", "is not an object", issuerExample)
			continue
		}
		issuer := e.read(fields, usedNames)
		usedNames = append(usedNames, issuer.Name)
		all = append(all, issuer)
	}
	return all
}

// issuerEntry reads one entry of JWT_ISSUERS.
type issuerEntry struct {
	c       *checker
	index   int
	invalid map[string]bool // fields with a mistake
}

// read reads the fields of the entry. Package bearer checks the issuer as a whole.
func (e issuerEntry) read(fields map[string]jsontext.Value, usedNames []string) bearer.Issuer {
	e.refuseUnknown(fields)
	issuer := bearer.Issuer{
		Name:      e.text(fields, "issuer"),
		Audience:  e.text(fields, "audience"),
		Algorithm: e.text(fields, "algorithm"),
		JWKSURL:   e.text(fields, "jwks_url"),
		Scopes:    e.scopes(fields["scopes"]),
	}
	for _, f := range issuer.Check(api.Scopes[:], usedNames) {
		if !e.invalid[f.Field] {
			e.refuse(f.Field, valueAnd(f.Value, f.Problem), f.Cure)
		}
	}
	if !e.invalid["jwks_url"] {
		if _, m := parseKeysURL(issuer.JWKSURL, "https://login.example.com/jwks.json"); m != nil {
			e.refuse("jwks_url", Show(issuer.JWKSURL)+" "+m.problem, m.cure)
		}
	}
	return issuer
}

func valueAnd(value, problem string) string {
	if value == "" {
		return problem
	}
	return Show(value) + " " + problem
}

// issuerFields maps each field of an entry to the cure for a mistake in it.
var issuerFields = map[string]string{
	"issuer":    "give the iss claim of its tokens, like https://login.example.com",
	"jwks_url":  "give the URL of its keys, like https://login.example.com/jwks.json",
	"audience":  "give the aud claim of its tokens for this API, like tasks",
	"algorithm": "give " + strings.Join(bearer.IssuerAlgorithms[:], " or "),
	"scopes":    "list the scopes that its tokens may have at most: " + strings.Join(api.Scopes[:], ", "),
}

func (e issuerEntry) refuseUnknown(fields map[string]jsontext.Value) {
	var unknown []string
	for name := range fields {
		if issuerFields[name] == "" {
			unknown = append(unknown, Show(name))
		}
	}
	if unknown != nil {
		slices.Sort(unknown)
		e.refuse("", "has the unknown field "+strings.Join(unknown, ", "), "use "+strings.Join(slices.Sorted(maps.Keys(issuerFields)), ", "))
	}
}

// text reads a required string field.
func (e issuerEntry) text(fields map[string]jsontext.Value, name string) (text string) {
	raw, given := fields[name]
	switch {
	case !given:
		e.refuse(name, "is missing", issuerFields[name])
	case raw.Kind() != '"' || json.Unmarshal(raw, &text) != nil:
		e.refuse(name, "is not a string", issuerFields[name])
	default:
		if m := checkText(text); m != nil {
			e.refuse(name, m.problem, m.cure)
		}
	}
	return text
}

func (e issuerEntry) scopes(raw jsontext.Value) (scopes []string) {
	switch {
	case raw == nil:
		e.refuse("scopes", "is missing", issuerFields["scopes"])
	case raw.Kind() != '[' || json.Unmarshal(raw, &scopes) != nil:
		e.refuse("scopes", "is not an array of strings", issuerFields["scopes"])
	}
	return scopes
}

func (e issuerEntry) refuse(field, problem, cure string) {
	e.invalid[field] = true
	if field != "" {
		field = "." + field
	}
	e.c.refuse("", mistake{fmt.Sprintf("[%d]%s %s", e.index, field, problem), cure})
}
