package proxy

import (
	"strings"

	"vestibule/internal/web"
)

// The rules for which headers of an answer stay behind. An API's headers cannot all
// be foreseen, so this list is of what must not pass, by the power that it gives.
// For the browser the API is a part of our origin, and for the servers in front of
// us its answers are ours: whoever wrote the API, or found a way to put a line into
// one of its headers, would speak for the whole origin.

// withheld are headers of the API that never reach the browser, besides those of
// withheldPrefixes and of withhold.
var withheld = setOf(
	// Cookies, and other ways to keep or end a sign-in.
	"Set-Cookie", "Set-Cookie2", "Activate-Storage-Access", "Idp-Signin-Status", "Set-Login",

	// What says more of the API than it should, and the id, of which ours stands.
	"Server", "Via", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Powered-By",
	web.RequestIDHeader,

	// Hop-by-hop; ReverseProxy adds Trailer after it has removed those it got.
	"Connection", "Trailer", "Transfer-Encoding", "Upgrade",

	// How the browser reaches the origin, what it tells it and what it keeps of it.
	"Accept-Ch", "Accept-Ch-Lifetime", "Alt-Svc", "Clear-Site-Data", "Critical-Ch", "Expect-Ct",
	"Nel", "Observe-Browsing-Topics", "Origin-Agent-Cluster", "Public-Key-Pins", "Report-To",
	"Reporting-Endpoints", "Service-Worker-Allowed", "Strict-Transport-Security", "Use-As-Dictionary",

	// For pages, which an API has none of: what they may do, fetch and report. Our own
	// policy stands.
	"Document-Policy", "Feature-Policy", "Integrity-Policy", "Origin-Trial", "Permissions-Policy",
	"Refresh", "Require-Document-Policy", "Sourcemap", "Speculation-Rules", "Supports-Loading-Mode",
	"Timing-Allow-Origin", // of the CORS family
	"X-Content-Security-Policy", "X-Dns-Prefetch-Control", "X-Permitted-Cross-Domain-Policies",
	"X-Sourcemap", "X-Webkit-Csp", "X-Xss-Protection",

	// Orders to caches in front of us (and withhold has *-Cache-Control). One that
	// obeys would keep one user's answer for all, or drop what others have stored.
	"Cache-Group-Invalidation", "Cache-Groups", "Cache-Tag", "Edge-Cache-Tag", "Edge-Control",
	"Netlify-Vary", "Pragma", "Surrogate-Control", "Surrogate-Key",

	// Orders to servers in front of us: to send another file or another server's answer.
	"X-Lighttpd-Send-File", "X-Lighttpd-Send-Tempfile", "X-Sendfile", "X-Sendfile2",
)

var withheldPrefixes = []string{
	"Access-Control-",
	"Ad-Auction-",
	"Attribution-Reporting-",
	"Content-Security-Policy-", // Report-Only
	"Cross-Origin-",            // Resource-, Opener- and Embedder-Policy
	"Document-Policy-",
	"Integrity-Policy-",
	"Permissions-Policy-",
	"Public-Key-Pins-",
	"Sec-",            // Sec-Session-Registration
	"Secure-Session-", // sessions bound to a device
	"Shared-Storage-",
	"X-Accel-", // nginx
	"X-Litespeed-",
	"X-Reproxy-", // Perlbal
}

func withhold(name string) bool {
	if withheld[name] || strings.HasSuffix(name, "-Cache-Control") { // RFC 9213, and older ones
		return true
	}
	for _, prefix := range withheldPrefixes {
		if strings.HasPrefix(name, prefix) {
			return name != "X-Accel-Buffering" // which streams of events need
		}
	}
	return false
}

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
