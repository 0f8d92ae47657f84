package proxy

import (
	"net/http"
	"strings"
)

// limitCaching keeps answers, which are made for one user, out of shared
// caches. Where the API says nothing they are kept out of the browser's too,
// as all answers of an API by default should be.
func limitCaching(h http.Header) {
	value, silent := browserCaching(h["Cache-Control"])
	h["Cache-Control"] = []string{value}
	if silent {
		delete(h, "Expires") // all that a cache of HTTP/1.0 would look at
	}
}

// browserCaching returns the Cache-Control for the browser: no-store (silent)
// if the API gave none or one that cannot be read, else its own, with public
// and s-maxage turned into private.
func browserCaching(values []string) (value string, silent bool) {
	value = strings.Join(values, ", ")
	directives := splitList(value)
	if len(directives) == 0 {
		return "no-store", true
	}
	shared := false
	kept := []string{"private"}
	for _, d := range directives {
		name, ok := directiveName(d)
		if !ok {
			return "no-store", true
		}
		switch strings.ToLower(name) {
		case "public", "s-maxage":
			shared = true
		case "private": // with field names it would leave the rest to shared caches
		default:
			kept = append(kept, d)
		}
	}
	if !shared {
		return value, false
	}
	return strings.Join(kept, ", "), false
}

// directiveName returns the name of a directive, name or name=value, if it is
// well-formed (RFC 9111 §5.2).
func directiveName(directive string) (name string, ok bool) {
	name, value, valued := strings.Cut(directive, "=")
	if !isToken(name) {
		return "", false
	}
	return name, !valued || isToken(value) || isQuoted(value)
}

// isQuoted says whether s is one quoted string (RFC 9110 §5.6.4).
func isQuoted(s string) bool {
	if len(s) < 2 || s[0] != '"' {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i == len(s)-1
		}
	}
	return false
}
