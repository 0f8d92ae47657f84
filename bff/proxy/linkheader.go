package proxy

import (
	"net/url"
	"strings"
)

// rewriteLinks rewrites the targets of Link headers (RFC 8288 §3) as locate
// says. Links to what is hidden, links about another page than the answer
// (anchor), links that browsers follow by themselves, and what is no link are
// dropped.
func (p *Proxy) rewriteLinks(sent *url.URL, lines []string) []string {
	var rewritten []string
	for _, line := range lines {
		var links []string
		for _, link := range splitLinks(line) {
			if link = p.rewriteLink(sent, link); link != "" {
				links = append(links, link)
			}
		}
		if len(links) > 0 {
			rewritten = append(rewritten, strings.Join(links, ", "))
		}
	}
	return rewritten
}

// rewriteLink returns the link as the browser may have it, or "".
func (p *Proxy) rewriteLink(sent *url.URL, link string) string {
	ref, params, ok := strings.Cut(link, ">")
	if !ok || ref == "" || ref[0] != '<' || !validParams(params) {
		return ""
	}
	target, at := p.locate(sent, ref[1:])
	switch at {
	case inside:
		return "<" + target + ">" + params
	case elsewhere:
		return link
	}
	return ""
}

// splitLinks splits a Link header at the commas that are neither in a target
// nor in a quoted string. What has no end is left out.
func splitLinks(line string) []string {
	var links []string
	start, angle, quoted := 0, false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !angle:
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			links = append(links, strings.Trim(line[start:i], " \t"))
			start = i + 1
		}
	}
	if angle || quoted {
		return links
	}
	return append(links, strings.Trim(line[start:], " \t"))
}

// followed are the relations by which a server has the browser fetch, connect or
// install something without anybody's asking.
var followed = setOf("compression-dictionary", "dns-prefetch", "icon", "manifest", "modulepreload", "monetization",
	"payment-method-manifest", "preconnect", "prefetch", "preload", "prerender", "serviceworker", "stylesheet")

// validParams checks the parameters of a link: each begins with a semicolon,
// has a name and may have a value. anchor, an address of its own, is not
// accepted, nor is a rel with one of followed.
func validParams(s string) bool {
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return true
		}
		if s[0] != ';' {
			return false
		}
		s = strings.TrimLeft(s[1:], " \t")
		end := strings.IndexAny(s, "=; \t")
		if end < 0 {
			end = len(s)
		}
		name := s[:end]
		if name != "" && !isToken(name) || strings.EqualFold(name, "anchor") {
			return false
		}
		s = strings.TrimLeft(s[end:], " \t")
		if !strings.HasPrefix(s, "=") {
			continue
		}
		if name == "" {
			return false
		}
		s = strings.TrimLeft(s[1:], " \t")
		rest, ok := skipValue(s)
		if !ok || strings.EqualFold(name, "rel") && isFollowed(s[:len(s)-len(rest)]) {
			return false
		}
		s = rest
	}
}

// isFollowed looks for a relation of followed in the value of a rel.
func isFollowed(value string) bool {
	plain := strings.NewReplacer(`"`, "", `\`, "").Replace(value)
	for rel := range strings.FieldsSeq(strings.ToLower(plain)) {
		if followed[rel] {
			return true
		}
	}
	return false
}

// skipValue returns what follows the value that s begins with: a quoted string,
// or anything without the characters that have a meaning between values, which
// is what servers write (type=text/html).
func skipValue(s string) (rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, "; \t\"<>")
		if end < 0 {
			end = len(s)
		}
		return s[end:], end > 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[i+1:], true
		}
	}
	return "", false
}
