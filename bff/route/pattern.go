package route

import (
	"strings"

	"vestibule/internal/values"
)

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

// String returns the pattern as it was written.
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

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, *values.Mistake) {
	const form = "write a path below the route's, like orders/* or orders/**"
	if text == "/" {
		return Pattern{text: text}, nil
	}
	switch {
	case text == "":
		return Pattern{}, &values.Mistake{Problem: "is empty", Cure: "write / for the route's own path, or leave it out"}
	case len(text) > maxPath:
		return Pattern{}, &values.Mistake{Problem: "is too long", Cure: "use at most 255 bytes"}
	case text[0] == '/':
		return Pattern{}, &values.Mistake{Problem: "begins with a slash", Cure: "leave it out: patterns are below the route's path"}
	case strings.ContainsAny(text, "?#"):
		return Pattern{}, &values.Mistake{Problem: "has a query or a fragment", Cure: form}
	case strings.Contains(text, "%"):
		return Pattern{}, &values.Mistake{Problem: "has a %, but patterns are compared with decoded paths", Cure: "write the character itself"}
	case strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }):
		return Pattern{}, &values.Mistake{Problem: "has a backslash or a control character, which no request can have", Cure: form}
	case text[0] == '^' || strings.HasSuffix(text, "$"):
		return Pattern{}, &values.Mistake{Problem: "looks like a regular expression, which patterns are not", Cure: form + "; * also stands for a segment that really has a ^ or $ there"}
	}
	segments := strings.Split(strings.TrimSuffix(text, "/"), "/")
	last := len(segments) - 1
	for i, segment := range segments {
		name, _, _ := strings.Cut(segment, ";")
		switch {
		case segment == "":
			return Pattern{}, &values.Mistake{Problem: "has an empty segment, which no request can have", Cure: form}
		case name == "." || name == "..":
			return Pattern{}, &values.Mistake{Problem: "has a dot segment, which no request can have", Cure: form}
		case isParameter(segment):
			return Pattern{}, &values.Mistake{Problem: "has a parameter as other routers write it, which would match only this text itself", Cure: "write * for one segment, whatever it holds"}
		case segment == "**" && i < last:
			return Pattern{}, &values.Mistake{Problem: "has ** before its end", Cure: "write * for one segment; ** stands at the end only"}
		case segment != "*" && segment != "**" && strings.Contains(segment, "*"):
			return Pattern{}, &values.Mistake{Problem: "has a * inside a segment", Cure: "write * for a whole segment"}
		}
	}
	if segments[last] == "**" {
		return Pattern{text, segments[:last], true}, nil
	}
	return Pattern{text, segments, false}, nil
}

// isParameter reports whether a segment is a parameter of Express (:id), FastAPI ({id}) or Flask
// (<int:id>). As a pattern it would refuse all paths that its author means.
func isParameter(segment string) bool {
	inside := func(open, end string) bool {
		_, rest, found := strings.Cut(segment, open)
		return found && strings.Contains(rest, end)
	}
	return strings.HasPrefix(segment, ":") || inside("{", "}") || inside("<", ">")
}
