package proxy

import (
	"net/http"
	"slices"
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
	h["Vary"] = browserVary(h["Vary"])
}

const noStore = "no-store"

// browserCaching returns the Cache-Control for the browser: no-store (silent)
// if the API gave none or one that cannot be read, else private, followed by the
// API's other directives without those that are about shared caches.
//
// private stands there whatever the API says. Its answers were made for a request
// with Authorization, which shared caches do not keep (RFC 9111 §3.5) even where
// max-age alone would let them; the request that they see has a Cookie, of which
// they take no notice. It goes with no-store too: must-understand would undo that
// (§5.2.2.3).
func browserCaching(values []string) (value string, silent bool) {
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
		case "private": // with field names it would leave the rest to shared caches
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

// browserVary returns what the answer depends on as the browser sees it: the
// Authorization that the API got was made of the Cookie. So every answer depends
// on that, whether the API says so or not: a browser that keeps one must not show
// it to whoever signs in next, and a cache whose operator has told it to ignore
// Cache-Control still keeps the users apart.
func browserVary(values []string) []string {
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

// addVary adds to our Vary what theirs has beyond it.
func addVary(ours, theirs []string) []string {
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

// contains looks for the name of a header, in any case.
func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
