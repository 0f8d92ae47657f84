package session

import (
	"net/http"
	"net/textproto"
	"strings"
)

// maxCookies is how many cookies of one request are read. If there are more, none is. It is
// net/http's own limit.
const maxCookies = 3000

// cookieValues are the values of the cookies with one name. It reads them as
// http.Request.CookiesNamed does, but makes no list of them.
type cookieValues struct {
	name  string
	lines []string // that are still to be read
	line  string   // the rest of the current one
}

func valuesOf(h http.Header, name string) cookieValues {
	lines, n := h["Cookie"], 0
	for _, line := range lines {
		n += strings.Count(line, ";") + 1
	}
	if n > maxCookies {
		lines = nil
	}
	return cookieValues{name: name, lines: lines}
}

// next returns the next value, or false after the last one.
func (c *cookieValues) next() (value string, ok bool) {
	for {
		for c.line == "" {
			if len(c.lines) == 0 {
				return "", false
			}
			c.line, c.lines = textproto.TrimString(c.lines[0]), c.lines[1:]
		}
		var cookie string
		cookie, c.line, _ = strings.Cut(c.line, ";")
		name, value, _ := strings.Cut(textproto.TrimString(cookie), "=")
		if textproto.TrimString(name) != c.name {
			continue
		}
		if value, ok := plainValue(value); ok {
			return value, true
		}
	}
}

// plainValue returns a value without the quotes around it, if its bytes are valid.
func plainValue(value string) (string, bool) {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	for i := range len(value) {
		if b := value[i]; b < 0x20 || b >= 0x7f || b == '"' || b == ';' || b == '\\' {
			return "", false
		}
	}
	return value, true
}
