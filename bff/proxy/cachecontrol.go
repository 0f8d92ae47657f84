package proxy

import (
	"net/http"
	"slices"
	"strings"

	"vestibule/internal/values"
)

// limitCaching keeps answers out of shared caches, because each is made for one
// user. If the API says nothing about caching, the browser must not store the
// answer either: no-store is the safe default for an API.
func limitCaching(h http.Header) {
	value, silent := browserCaching(h["Cache-Control"])
	if value == noStore {
		h["Cache-Control"] = onlyNoStore
	} else {
		h["Cache-Control"] = []string{value}
	}
	if silent {
		delete(h, "Expires") // the only header that an HTTP/1.0 cache would read
	}
	h["Vary"] = browserVary(h["Vary"])
}

const noStore = "no-store"

// Common values, which many answers share. Nobody changes them in place.
var (
	onlyNoStore     = []string{noStore}
	onlyCookie      = []string{"Cookie"}
	originAndCookie = []string{"Origin", "Cookie"}
)

// browserCaching returns the Cache-Control for the browser. If the API sent none or
// an invalid one, that is no-store, and silent is true. Otherwise it is private,
// followed by the API's directives except those for shared caches.
//
// private is always added. The API answered a request with Authorization, and shared
// caches do not store such an answer (RFC 9111 §3.5), even if max-age alone would
// allow it. But the request that a shared cache sees has a Cookie instead, which
// makes no difference to the cache. private is added beside no-store too, because
// must-understand would override no-store (§5.2.2.3).
func browserCaching(values []string) (value string, silent bool) {
	if len(values) == 0 || len(values) == 1 && values[0] == noStore {
		return noStore, len(values) == 0
	}
	directives := splitList(strings.Join(values, ", "))
	if len(directives) == 0 {
		return noStore, true
	}
	kept := []string{"private"}
	for _, d := range directives {
		name, ok := directiveName(d)
		if !ok {
			return noStore, true
		}
		switch strings.ToLower(name) {
		case "public", "s-maxage", "proxy-revalidate":
		case "private": // with field names it would let shared caches store the rest
		default:
			kept = append(kept, d)
		}
	}
	if len(kept) == 2 && strings.EqualFold(kept[1], noStore) {
		return noStore, false
	}
	return strings.Join(kept, ", "), false
}

// directiveName returns the name of a directive, name or name=value, if it is
// well-formed (RFC 9111 §5.2).
func directiveName(directive string) (name string, ok bool) {
	name, value, valued := strings.Cut(directive, "=")
	if !values.IsToken(name) {
		return "", false
	}
	return name, !valued || values.IsToken(value) || isQuoted(value)
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

// browserVary returns the Vary for the browser. The proxy made the API's
// Authorization from the Cookie, so every answer depends on Cookie, even if the API
// does not say so. A browser must not show a stored answer to the next user who
// signs in. And a cache that is configured to ignore Cache-Control still keeps users
// apart.
func browserVary(values []string) []string {
	if len(values) == 0 {
		return onlyCookie
	}
	seen := []string{"Cookie"}
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.Trim(name, " \t")
			if name != "" && !strings.EqualFold(name, "Authorization") && !contains(seen, name) {
				seen = append(seen, name)
			}
		}
	}
	return []string{strings.Join(seen, ", ")}
}

// addVary adds the names that only theirs has to our Vary.
func addVary(ours, theirs []string) []string {
	if len(ours) == 1 && ours[0] == "Origin" && len(theirs) == 1 && theirs[0] == "Cookie" {
		return originAndCookie
	}
	var known, more []string
	for _, v := range ours {
		known = append(known, splitList(v)...)
	}
	for _, v := range theirs {
		for _, name := range splitList(v) {
			if !contains(known, name) {
				known, more = append(known, name), append(more, name)
			}
		}
	}
	if len(more) == 0 {
		return ours
	}
	return append(slices.Clip(ours), strings.Join(more, ", "))
}

// contains looks for the name of a header, ignoring case.
func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
