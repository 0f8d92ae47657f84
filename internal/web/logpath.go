package web

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
)

// secretAfter are names of path segments that a secret follows, in small letters and
// nothing else: the link of a reset mail is /api/auth/reset-password/{token}.
var secretAfter = [][]byte{[]byte("resetpassword")}

// tokenForm is 256 bits in base64url, as in our links, or longer.
var tokenForm = regexp.MustCompile(`[A-Za-z0-9_-]{43,}`)

// hidden stands in a log for a name of secretAfter and all that follows it.
const hidden = "reset-password/{token}"

// LogPath returns the path of u as it may stand in a log: escaped, because control
// characters, line breaks and right-to-left marks would deceive whoever reads it, and
// without a secret.
//
// It goes by the path alone, not by the route: a link that was mistyped, or changed
// by a mail program or a proxy in front, reaches no route, and its token may still be
// good. So any spelling of the name counts, in whatever case, punctuated and escaped
// however often, and what shares a segment with it is hidden too.
//
// What has the form of a token is hidden wherever it stands, for links whose query has
// become a part of the path.
func LogPath(u *url.URL) string {
	path := tokenForm.ReplaceAllString(u.EscapedPath(), "{token}")
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

// namesSecret says whether the letters of a segment have a name of secretAfter in
// them. A path that is escaped more often than any server undoes it counts as well.
func namesSecret(segment string) bool {
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

// isPlainName says whether nothing but a name is in a segment: that of
// POST /api/auth/reset-password.
func isPlainName(segment string) bool {
	name := strings.ReplaceAll(strings.ToLower(segment), "-", "")
	for _, secret := range secretAfter {
		if name == string(secret) {
			return true
		}
	}
	return false
}
