package inprocess

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// carry returns h as the other end of a connection would read it: canonical
// names, values trimmed and on one line, nothing shared with h. Two spellings
// of one name become one header, so that a check of the canonical name has seen
// all there is.
//
// A name or value that no header line can hold is an error. lenient does what a
// server does with its answers: it drops such names, and a line break becomes a
// space.
func carry(h http.Header, lenient bool) (http.Header, error) {
	count := 0
	for _, vv := range h {
		count += len(vv)
	}
	out := make(http.Header, len(h)+2) // an answer may get a type and a length
	all := make([]string, 0, count)    // one array for all values
	var odd []string                   // names spelled otherwise; last, and in a fixed order
	for name, vv := range h {
		if !isToken(name) {
			if lenient {
				continue
			}
			return nil, fmt.Errorf("inprocess: impossible header name %q", name)
		}
		if http.CanonicalHeaderKey(name) != name {
			odd = append(odd, name)
			continue
		}
		start := len(all)
		for _, v := range vv {
			v, err := carryValue(name, v, lenient)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		if start < len(all) { // a name without values is no line
			out[name] = all[start:len(all):len(all)]
		}
	}
	slices.Sort(odd)
	for _, name := range odd {
		for _, v := range h[name] {
			v, err := carryValue(name, v, lenient)
			if err != nil {
				return nil, err
			}
			out.Add(name, v)
		}
	}
	if p := out["Pragma"]; len(p) > 0 && p[0] == "no-cache" && !has(out, "Cache-Control") {
		out["Cache-Control"] = []string{"no-cache"} // net/http reads it so (RFC 9111 §5.4)
	}
	return out, nil
}

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ")

func carryValue(name, v string, lenient bool) (string, error) {
	folded := false
	for i := range len(v) {
		switch c := v[i]; {
		case lenient && (c == '\r' || c == '\n'):
			folded = true
		case c < ' ' && c != '\t', c == 0x7f:
			// Without the value, which may be a secret.
			return "", fmt.Errorf("inprocess: impossible value of header %q", name)
		}
	}
	if folded {
		v = lineBreaks.Replace(v)
	}
	return textproto.TrimString(v), nil
}

func has(h http.Header, name string) bool {
	_, ok := h[name]
	return ok
}

// elements calls f for each element of a comma-separated header.
func elements(values []string, f func(string)) {
	for _, v := range values {
		for e := range strings.SplitSeq(v, ",") {
			if e = textproto.TrimString(e); e != "" {
				f(e)
			}
		}
	}
}

// asksClose says whether h asks for the connection to be closed.
func asksClose(h http.Header) (found bool) {
	elements(h["Connection"], func(e string) {
		found = found || strings.EqualFold(e, "close")
	})
	return found
}

// isToken is RFC 9110's token: what methods and header names are made of.
func isToken(s string) bool { return s != "" && onlyAlphanumericOr(s, "!#$%&'*+-.^_`|~") }

// isHost says whether a server would accept s as a Host; as net/http's, it only
// looks at the bytes.
func isHost(s string) bool { return onlyAlphanumericOr(s, "!$%&'()*+,-.:;=[]_~") }

func onlyAlphanumericOr(s, others string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(others, c) < 0:
			return false
		}
	}
	return true
}
