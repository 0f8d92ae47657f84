package frontend

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
)

// embeddedPolicy is the CSP of our own app, which has no inline script or style.
const embeddedPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// buildPolicy is the CSP of a team's build: scripts are its own files and what stands
// inline in its page, by hash, so that what an attacker adds does not run. Styles may be
// inline, as CSS-in-JS libraries add them while they run.
const (
	buildScripts = "script-src 'self' 'wasm-unsafe-eval'"
	buildPolicy  = "; default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; " +
		"worker-src 'self' blob:; " + everyPolicy
	// everyPolicy stands whatever a page says for itself.
	everyPolicy = "object-src 'none'; form-action 'self'; frame-ancestors 'self'; base-uri "
	// A base tag decides where the page's relative links and scripts lead. Angular's
	// builds have one; where a page has none, one that turns up is an attacker's.
	noBase  = "'none'"
	ownBase = "'self'"
)

// devPolicy is the CSP before a dev server, which adds scripts and styles to the page
// and evaluates code.
const devPolicy = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob: http: https: ws: wss:; " + everyPolicy + ownBase

var (
	// These read a page of the operator's own build. What they misread can only
	// forbid a script that should run: the hash is of bytes that the build has put there.
	comments     = regexp.MustCompile(`(?s)<!--.*?-->`)
	scripts      = regexp.MustCompile(`(?is)<script\b([^>]*)>(.*?)</script\s*>`)
	sourced      = regexp.MustCompile(`(?i)(?:^|\s)src\s*=`)
	baseTag      = regexp.MustCompile(`(?i)<base[\s/>]`)
	ownPolicyTag = regexp.MustCompile(`(?i)<meta\s[^>]*http-equiv\s*=\s*["']?content-security-policy["'\s>/]`)
)

// policyOf returns the CSP of a page of a team's build. A page that brings a policy of its
// own (a meta tag) has decided what it loads, from other hosts too: two policies would
// each forbid what the other allows. What a meta tag cannot say is added.
func policyOf(html []byte) string {
	page := comments.ReplaceAll(html, nil)
	markup := scripts.ReplaceAll(page, nil)
	base := noBase
	if baseTag.Match(markup) {
		base = ownBase
	}
	if ownPolicyTag.Match(markup) {
		return everyPolicy + base
	}
	var b strings.Builder
	b.WriteString(buildScripts)
	for _, s := range scripts.FindAllSubmatch(page, -1) {
		if sourced.Match(s[1]) || len(s[2]) == 0 {
			continue
		}
		// Browsers hash what they have read, in which line ends are one character.
		text := strings.ReplaceAll(strings.ReplaceAll(string(s[2]), "\r\n", "\n"), "\r", "\n")
		sum := sha256.Sum256([]byte(text))
		b.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	b.WriteString(buildPolicy + base)
	return b.String()
}
