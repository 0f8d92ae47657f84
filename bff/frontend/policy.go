package frontend

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"

	"vestibule/internal/web"
)

// embeddedPolicy is the CSP of our own app, which has no inline script or style.
const embeddedPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// buildPolicy is the CSP of a team's build. Scripts are its own files and the inline scripts
// of its page, by hash, so that scripts injected by an attacker do not run. Styles may be
// inline, because CSS-in-JS libraries add them at run time.
const (
	buildScripts = "script-src 'self' 'wasm-unsafe-eval'"
	buildPolicy  = "; default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; " +
		"worker-src 'self' blob:; " + everyPolicy
	// everyPolicy applies even if a page has its own policy.
	everyPolicy = "object-src 'none'; form-action 'self'; frame-ancestors 'self'; base-uri "
	// A base tag decides where the page's relative links and scripts lead. Angular's builds
	// have one. If the build's page has none, a base tag must come from an attacker.
	noBase  = "'none'"
	ownBase = "'self'"
)

// devPolicy is the CSP for a dev server, which adds scripts and styles to the page and
// evaluates code.
const devPolicy = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob: http: https: ws: wss:; " + everyPolicy + ownBase

var (
	// These read a page of the operator's own build. A misreading can only block a script
	// that should run, because the hashes are of bytes that the build wrote.
	comments     = regexp.MustCompile(`(?s)<!--.*?-->`)
	scripts      = regexp.MustCompile(`(?is)<script\b([^>]*)>(.*?)</script\s*>`)
	srcAttribute = regexp.MustCompile(`(?i)(?:^|\s)src\s*=`)
	baseTag      = regexp.MustCompile(`(?i)<base[\s/>]`)
	ownPolicyTag = regexp.MustCompile(`(?i)<meta\s[^>]*http-equiv\s*=\s*["']?content-security-policy["'\s>/]`)
)

// policyOf returns the CSP of a page of a team's build. If the page has its own policy (in a
// meta tag), that policy decides what the page loads, also from other hosts: with two
// policies, each would block what the other allows. Then policyOf adds only everyPolicy:
// a meta tag cannot set frame-ancestors.
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
		if srcAttribute.Match(s[1]) || len(s[2]) == 0 {
			continue
		}
		// Browsers hash the text after they have normalized line ends to LF.
		text := strings.ReplaceAll(strings.ReplaceAll(string(s[2]), "\r\n", "\n"), "\r", "\n")
		sum := sha256.Sum256([]byte(text))
		b.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	b.WriteString(buildPolicy + base)
	return b.String()
}

func (a *App) setPolicies(h http.Header, v *variant) {
	policy := v.policy
	switch {
	case policy != "":
	case a.embedded:
		policy = embeddedPolicy
	default:
		policy = buildScripts + buildPolicy + noBase // a worker gets the policy of its script
	}
	h.Set("Content-Security-Policy", policy)
	if a.embedded {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
		return
	}
	// A team's app may open a sign-in or payment popup of another site and get messages
	// from it, and may use a camera.
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
}

// hasToken reports whether the address of a page has the token of a link from a mail. Its scripts
// and styles are requested before a script can change the address, and the Referer of those
// requests would bring the token into the log of a server in front.
func hasToken(r *http.Request) bool { return web.QueryValue(r, "token") != "" }
