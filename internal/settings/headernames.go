package settings

import (
	"strconv"
	"strings"

	"vestibule/bff/route"
)

// Prefixes of cookie names for which browsers enforce rules (RFC 6265bis §4.1.3).
const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
)

// cookieName reads COOKIE_NAME. The method cookie adds the prefix later.
func (c *checker) cookieName(v string) string {
	switch {
	case strings.Trim(v, tokenChars) != "":
		c.refuse(v, mistake{"has a character that is not allowed in a cookie name", "use letters, digits and . _ -"})
	case len(v) > 128:
		c.refuse(v, mistake{"is too long", "use at most 128 characters"})
	}
	for _, prefix := range []string{hostPrefix, securePrefix} {
		// Browsers ignore the case of a prefix, but some servers do not.
		if hasPrefixFold(v, prefix) && (!strings.HasPrefix(v, prefix) || v == prefix) {
			c.refuse(v, mistake{"has a special prefix in the wrong case, or no name after the prefix", "write " + prefix + "name"})
		}
	}
	return v
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// tokenChars lists the characters of a token in HTTP (RFC 9110 §5.6.2).
const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// headerNames reads a list of request headers to forward to the API, and of patterns like
// X-My-*.
func (c *checker) headerNames(v string) []string {
	var names []string
	patterns := 0
	for _, entry := range c.list(v) {
		if strings.Trim(entry, tokenChars) != "" {
			c.refuse(entry, mistake{"is not a header name", "write names like X-Tenant, or patterns like X-My-*, separated by commas"})
			continue
		}
		pattern := strings.Contains(entry, "*")
		if reason := route.WhyNotForwarded(entry); reason != "" {
			cure := "leave it out"
			if pattern {
				cure = "write a pattern like X-My-*, or list the names"
			}
			c.refuse(entry, mistake{"must not be forwarded to the API (" + reason + ")", cure})
			continue
		}
		if pattern {
			patterns++
		}
		names = append(names, entry)
	}
	if patterns > route.MaxHeaderPatterns {
		c.refuse(v, mistake{"has too many patterns", "use at most " + strconv.Itoa(route.MaxHeaderPatterns)})
	}
	return names
}
