package inprocess

import (
	"fmt"
	"maps"
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
	count, odd := 0, false
	for name, values := range h {
		count += len(values)
		odd = odd || http.CanonicalHeaderKey(name) != name
	}
	c := carrier{
		lenient: lenient,
		out:     make(http.Header, len(h)+2), // an answer may get a type and a length
		values:  make([]string, 0, count),
	}
	if odd {
		for _, name := range slices.Sorted(maps.Keys(h)) { // the order on the wire
			if err := c.add(name, h[name]); err != nil {
				return nil, err
			}
		}
	} else {
		for name, values := range h {
			if err := c.add(name, values); err != nil {
				return nil, err
			}
		}
	}
	if p := c.out["Pragma"]; len(p) > 0 && p[0] == "no-cache" && !has(c.out, "Cache-Control") {
		c.out["Cache-Control"] = []string{"no-cache"} // net/http reads it so (RFC 9111, section 5.4)
	}
	return c.out, nil
}

type carrier struct {
	lenient bool
	out     http.Header
	values  []string // one array for all of out
}

func (c *carrier) add(name string, values []string) error {
	if !isToken(name) {
		if c.lenient {
			return nil
		}
		return fmt.Errorf("inprocess: impossible header name %q", name)
	}
	start := len(c.values)
	for _, v := range values {
		v, err := carryValue(name, v, c.lenient)
		if err != nil {
			return err
		}
		c.values = append(c.values, v)
	}
	carried := c.values[start:len(c.values):len(c.values)]
	canonical := http.CanonicalHeaderKey(name)
	if before, ok := c.out[canonical]; ok {
		carried = append(before, carried...)
	}
	if len(carried) > 0 { // without values there is no line
		c.out[canonical] = carried
	}
	return nil
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
