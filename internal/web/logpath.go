package web

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
)

// secretAfter lists path segments that are followed by a secret, in lower case and letters
// only. The link of a reset mail is /api/auth/reset-password/{token}.
var secretAfter = [][]byte{[]byte("resetpassword")}

const shortestSecret = len("resetpassword") // the shortest name of secretAfter

// tokenForm matches 256 bits in base64url, as in our links, or more.
var tokenForm = regexp.MustCompile(`[A-Za-z0-9_-]{43,}`)

const tokenLen = 43 // of the shortest token

// hidden replaces, in a log, a name of secretAfter and all that follows it.
const hidden = "reset-password/{token}"

// LogPath returns the path of u in a form that is safe to log. It is escaped, because
// control characters, line breaks and right-to-left marks could deceive the reader. It
// holds no secret.
//
// It looks only at the path, not at the route. A link that was mistyped, or that a mail
// program or a proxy has changed, reaches no route, and its token may still be valid. So
// any spelling of the name counts: upper or lower case, with punctuation, escaped any
// number of times. The rest of the same segment is hidden too.
//
// Anything in the form of a token is hidden everywhere, for links whose query has become a
// part of the path.
func LogPath(u *url.URL) string {
	path := u.EscapedPath()
	if len(path) >= tokenLen {
		path = tokenForm.ReplaceAllString(path, "{token}")
	}
	for start := 0; start < len(path); {
		segment, _, _ := strings.Cut(path[start:], "/")
		end := start + len(segment)
		if namesSecret(segment) && (end+1 < len(path) || !isPlainName(segment)) {
			return path[:start] + hidden
		}
		start = end + 1
	}
	return path
}

// namesSecret reports whether the letters of a segment contain a name of secretAfter. A
// path that is escaped more often than any server decodes it counts too.
func namesSecret(segment string) bool {
	if len(segment) < shortestSecret && !strings.Contains(segment, "%") {
		return false
	}
	for range 5 {
		letters := make([]byte, 0, 64)
		for i := range len(segment) {
			if c := segment[i] | 0x20; 'a' <= c && c <= 'z' {
				letters = append(letters, c)
			}
		}
		for _, name := range secretAfter {
			if bytes.Contains(letters, name) {
				return true
			}
		}
		plain := Unescape(segment)
		if plain == segment {
			return false
		}
		segment = plain
	}
	return true
}

// isPlainName reports whether the segment is only the name, as in POST
// /api/auth/reset-password.
func isPlainName(segment string) bool {
	name := strings.ReplaceAll(strings.ToLower(segment), "-", "")
	for _, secret := range secretAfter {
		if name == string(secret) {
			return true
		}
	}
	return false
}
