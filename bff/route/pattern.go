package route

import "strings"

// Pattern is a path below a route that may be called, like orders/*/lines or orders/**.
//
// It consists of segments with a slash between them. The segment * stands for any one
// segment, and ** at the end for any number of them, also none. The pattern / stands for the
// route's own path.
//
// A pattern is compared with the path as the upstream decodes it, segment by segment: %6F is
// o, and an escape with upper-case digits equals one with lower-case digits. Case counts, as
// well as segment parameters (;x=1). A slash at the end does not: orders and orders/ are the
// same resource. web.CheckPath must have accepted the path, so it has no empty segments, no
// dot segments, and no escaped slashes.
type Pattern struct {
	text     string
	segments []string // without ** at the end
	rest     bool     // ** at the end
}

func (p Pattern) String() string { return p.text }

// Match reports whether path may be called: a path below the route, as it was written.
func (p Pattern) Match(path string) bool {
	for _, want := range p.segments {
		segment, left, _ := strings.Cut(path, "/")
		if segment == "" || want != "*" && !decodesTo(segment, want) {
			return false
		}
		path = left
	}
	return p.rest || path == ""
}

// decodesTo reports whether an escaped segment is plain.
func decodesTo(escaped, plain string) bool {
	for i := range len(plain) {
		c, n := decode(escaped)
		if n == 0 || c != plain[i] {
			return false
		}
		escaped = escaped[n:]
	}
	return escaped == ""
}

// ParsePattern reads a pattern. problem continues a sentence that starts with the pattern;
// "" means that it is valid.
func ParsePattern(text string) (p Pattern, problem, cure string) {
	if text == "/" {
		return Pattern{text: text}, "", ""
	}
	plain := strings.TrimSuffix(text, "/")
	const form = "write a path below the route's, like orders/* or orders/**"
	switch {
	case text == "":
		return p, "is empty", "write / for the route's own path, or leave it out"
	case len(text) > maxPath:
		return p, "is too long", "use at most 255 bytes"
	case text[0] == '/':
		return p, "begins with a slash", "leave it out: patterns are below the route's path"
	case strings.ContainsAny(text, "?#"):
		return p, "has a query or a fragment", form
	case strings.Contains(text, "%"):
		return p, "has a %, but patterns are compared with decoded paths", "write the character itself"
	case strings.Contains(text, "\\") || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return p, "has a backslash or a control character, which no request can have", form
	}
	p.text = text
	p.segments = strings.Split(plain, "/")
	for i, segment := range p.segments {
		name, _, _ := strings.Cut(segment, ";")
		switch {
		case segment == "":
			return p, "has an empty segment, which no request can have", form
		case name == "." || name == "..":
			return p, "has a dot segment, which no request can have", form
		case segment == "**" && i < len(p.segments)-1:
			return p, "has ** before its end", "write * for one segment; ** stands at the end only"
		case segment != "*" && segment != "**" && strings.Contains(segment, "*"):
			return p, "has a * inside a segment", "write * for a whole segment"
		}
	}
	if last := len(p.segments) - 1; p.segments[last] == "**" {
		p.segments, p.rest = p.segments[:last], true
	}
	return p, "", ""
}
