package proxy

import (
	"net/url"
	"strings"

	"vestibule/internal/values"
)

// rewriteLinks rewrites the targets of Link headers (RFC 8288 §3) with locate. It drops
// links to hidden addresses, links that describe another page than the answer (anchor),
// links that browsers load automatically, and invalid links.
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

// rewriteLink returns the link for the browser, or "".
func (p *Proxy) rewriteLink(sent *url.URL, link string) string {
	ref, params, ok := strings.Cut(link, ">")
	if !ok || ref == "" || ref[0] != '<' || !validParams(params) {
		return ""
	}
	target, kind := p.locate(sent, ref[1:])
	switch kind {
	case proxied:
		return "<" + target + ">" + params
	case external:
		return link
	}
	return ""
}

// splitLinks splits a Link header at the commas that are not in a target or a quoted
// string. A last link that is not terminated is left out.
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

// autoFetched are the relations that make the browser fetch, connect to or install
// something automatically.
var autoFetched = setOf("compression-dictionary", "dns-prefetch", "icon", "manifest", "modulepreload", "monetization",
	"payment-method-manifest", "preconnect", "prefetch", "preload", "prerender", "serviceworker", "stylesheet")

// validParams checks the parameters of a link: each begins with a semicolon, has a
// name and may have a value. It refuses anchor, which holds an address, and a rel with
// a relation of autoFetched.
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
		if name != "" && !values.IsToken(name) || strings.EqualFold(name, "anchor") {
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
		if !ok || strings.EqualFold(name, "rel") && isAutoFetched(s[:len(s)-len(rest)]) {
			return false
		}
		s = rest
	}
}

// isAutoFetched reports whether the value of a rel has a relation of autoFetched.
func isAutoFetched(value string) bool {
	plain := strings.NewReplacer(`"`, "", `\`, "").Replace(value)
	for rel := range strings.FieldsSeq(strings.ToLower(plain)) {
		if autoFetched[rel] {
			return true
		}
	}
	return false
}

// skipValue skips the value at the start of s and returns the rest. A value is a quoted
// string, or any text without separators: servers write more than a token there
// (type=text/html).
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
