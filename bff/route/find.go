package route

import (
	"strings"

	"vestibule/internal/web"
)

// Find returns the route of a path, as it was written in the request (url.URL.EscapedPath):
// the one with the longest Path that the path begins with. It returns nil if no route takes
// the path.
//
// It also returns nil if a lenient server could find another route in the path: the path is
// below one route as it was written, but below a longer one when escapes are decoded, case is
// ignored, segment parameters (;x=1) and dots at the end of a segment are removed, or a slash
// is added at its end. A path that is escaped twice counts as such a path. Otherwise
// /api/shop/%61dmin/ would reach an upstream by the rules of /api/shop/, past those of
// /api/shop/admin/.
func (t Table) Find(escapedPath string) *Route {
	if len(t) == 0 {
		return nil
	}
	ix := t[0].index
	if !ix.isOf(t) {
		ix = newIndex(t)
	}
	for end := min(len(escapedPath), len(ix.lengths)-1); end > 0; end-- {
		if !ix.lengths[end] || escapedPath[end-1] != '/' {
			continue
		}
		i, found := ix.byPath[escapedPath[:end]]
		if !found {
			continue
		}
		r := &t[i]
		if len(r.below) > 0 && isEscapedTwice(escapedPath[end:]) {
			return nil
		}
		for _, longer := range r.below {
			if readsAs(escapedPath[end:], longer) {
				return nil
			}
		}
		return r
	}
	return nil
}

// Lookalike returns the route that a lenient server could find in a path, as it was written,
// which Find gives to no route. Such a server decodes escapes, ignores case, removes segment
// parameters and dots at the end of a segment, or adds a slash at the end. If it could find
// several routes, the one with the longest path is returned, and nil if it could find none.
func (t Table) Lookalike(escapedPath string) *Route {
	if t.Find(escapedPath) != nil {
		return nil
	}
	longest, path := len(t), strings.TrimPrefix(escapedPath, "/")
	for range web.MaxEscapes {
		for i := range t[:longest] {
			if readsAs(path, strings.TrimPrefix(t[i].Path, "/")) {
				longest = i
				break
			}
		}
		plain := web.Unescape(path)
		if plain == path {
			break
		}
		path = plain
	}
	if longest == len(t) {
		return nil
	}
	return &t[longest]
}

// isEscapedTwice reports whether a path has an escape that decodes to another escape, like %252F.
// A chain of servers that decodes twice reads another path than the one that was judged.
func isEscapedTwice(path string) bool {
	for {
		_, rest, found := strings.Cut(path, "%25")
		if !found {
			return false
		}
		if len(rest) >= 2 && unhex(rest[0]) < 16 && unhex(rest[1]) < 16 {
			return true
		}
		path = rest
	}
}

// index finds a route by its path. The search takes as long for many routes as for one.
type index struct {
	table   Table
	byPath  map[string]int
	lengths []bool // whether there is a path of this length
}

func newIndex(t Table) *index {
	ix := &index{table: t, byPath: make(map[string]int, len(t))}
	for i := range t {
		n := len(t[i].Path)
		ix.byPath[t[i].Path] = i
		if n >= len(ix.lengths) {
			ix.lengths = append(ix.lengths, make([]bool, n+1-len(ix.lengths))...)
		}
		ix.lengths[n] = true
	}
	return ix
}

// isOf reports whether ix is the index of t. A table that was not made by New has none, or that
// of another table.
func (ix *index) isOf(t Table) bool {
	return ix != nil && len(ix.table) == len(t) && &ix.table[0] == &t[0]
}

// readsAs reports whether a lenient server could read path as prefix, which ends in a slash,
// or as a path below it.
func readsAs(path, prefix string) bool {
	for prefix != "" {
		segment, rest, _ := strings.Cut(prefix, "/")
		written, left, more := strings.Cut(path, "/")
		switch {
		case isNothing(written): // such a server merges the slashes around it
			if !more {
				return false
			}
			path = left
			continue
		case !isSame(written, segment), !more && rest != "":
			return false
		}
		path, prefix = left, rest
	}
	return true
}

// isSame reports whether a segment of a request, as it was written, is name for a server that
// decodes escapes, ignores case, and removes parameters, and dots and spaces at the end.
func isSame(written, name string) bool {
	for i := range len(name) {
		c, n := decode(written)
		if n == 0 || lower(c) != lower(name[i]) {
			return false
		}
		written = written[n:]
	}
	return isNothing(written)
}

// isNothing reports whether such a server removes all of s.
func isNothing(s string) bool {
	for {
		c, n := decode(s)
		if n == 0 || c == ';' {
			return true
		}
		if c != '.' && c != ' ' {
			return false
		}
		s = s[n:]
	}
}

// decode returns the first character of s, decoded, and how many bytes of s it takes. An
// invalid escape is taken as it is written.
func decode(s string) (c byte, length int) {
	if s == "" {
		return 0, 0
	}
	if s[0] == '%' && len(s) > 2 {
		high, low := unhex(s[1]), unhex(s[2])
		if high < 16 && low < 16 {
			return high<<4 | low, 3
		}
	}
	return s[0], 1
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
