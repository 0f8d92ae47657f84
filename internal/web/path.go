package web

import (
	"net/http"
	"net/url"
	"strings"
)

// A path must mean the same to the router, to the guards and to the upstream. Servers read
// dot segments, encoded slashes and backslashes differently (/users/1%2Ftasks ran as user
// 1). NUL, CR and LF end strings, header lines and log lines.

// CheckPath refuses a request with an ambiguous raw path with a 400.
func CheckPath(r *http.Request) error {
	routed := r.URL.EscapedPath()
	reason := pathFault(routed)
	// EscapedPath returns RawPath only if that is a valid encoding. One byte that should
	// have been escaped, as in /users/1%2Ftasks|, makes net/url encode the decoded path
	// again. %2F would then become a harmless slash.
	if sent := r.URL.RawPath; reason == "" && sent != "" && sent != routed {
		reason = pathFault(sent)
	}
	if reason != "" {
		return BadPath(reason)
	}
	return nil
}

// BadPath refuses an ambiguous path.
func BadPath(reason string) *Error {
	return Refuse(http.StatusBadRequest, "INVALID_PATH", "The request path "+reason+".")
}

// pathFault returns the fault of an escaped path, or "".
func pathFault(escaped string) string {
	if isPlainPath(escaped) {
		return ""
	}
	if !strings.HasPrefix(escaped, "/") {
		return "does not start with a slash" // *, CONNECT's host:port, http:opaque
	}
	if strings.Contains(escaped, "//") {
		return "contains an empty segment"
	}
	for segment := range strings.SplitSeq(escaped, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return "contains an invalid escape"
		}
		// Some servers cut off the parameters of a segment (;x=1) before they resolve dot
		// segments.
		name, _, _ := strings.Cut(plain, ";")
		if name == "." || name == ".." {
			return "contains a dot segment"
		}
		for _, c := range []byte(plain) {
			switch {
			case c == '/':
				return "contains an encoded slash"
			case c == '\\':
				return "contains a backslash"
			case c < ' ' || c == 0x7f:
				return "contains a control character"
			}
		}
	}
	return ""
}

// isPlainPath accepts the common paths that have no fault: without escapes, and without a
// segment that is empty or begins with a dot.
func isPlainPath(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%', c == '\\', c < ' ', c == 0x7f:
			return false
		case c == '/' && i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.'):
			return false
		}
	}
	return true
}

// MaxEscapes is how many times a path may be escaped. No chain of servers decodes a path
// more often, and no honest client needs it.
const MaxEscapes = 4

// Unescape decodes the valid escapes of s once and keeps the others, as lenient servers do.
func Unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil && len(c) == 1 {
				plain = append(plain, c[0])
				i += 2
				continue
			}
		}
		plain = append(plain, s[i])
	}
	return string(plain)
}
