package proxy

import (
	"strings"

	"vestibule/internal/web"
)

// The rules for the headers of an answer that are withheld. We cannot foresee all headers
// that an API may send, so this is a list of the headers that must not pass, grouped by
// what they can do. To the browser the API is a part of our origin, and to the servers
// in front of us its answers are ours. Without this list, an API, or an attacker who
// injects a header line into its answers, could act for the whole origin.

// withheld are headers of the API that never reach the browser. withheldPrefixes and
// withhold name more.
var withheld = setOf(
	// Cookies, and other ways to start or end a sign-in.
	"Set-Cookie", "Set-Cookie2", "Activate-Storage-Access", "Idp-Signin-Status", "Set-Login",

	// Details of the API's software, and the request id, for which we send our own.
	"Server", "Via", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Powered-By",
	web.RequestIDHeader,

	// Hop-by-hop headers. ReverseProxy adds a Trailer of its own after removing these.
	"Connection", "Trailer", "Transfer-Encoding", "Upgrade",

	// How the browser connects to the origin, what it reports and what it stores.
	"Accept-Ch", "Accept-Ch-Lifetime", "Alt-Svc", "Clear-Site-Data", "Critical-Ch", "Expect-Ct",
	"Nel", "Observe-Browsing-Topics", "Origin-Agent-Cluster", "Public-Key-Pins", "Report-To",
	"Reporting-Endpoints", "Service-Worker-Allowed", "Strict-Transport-Security", "Use-As-Dictionary",

	// What pages may do, fetch and report. An API has no pages, and our own policy
	// applies.
	"Document-Policy", "Feature-Policy", "Integrity-Policy", "Origin-Trial", "Permissions-Policy",
	"Refresh", "Require-Document-Policy", "Sourcemap", "Speculation-Rules", "Supports-Loading-Mode",
	"Timing-Allow-Origin", // of the CORS family
	"X-Content-Security-Policy", "X-Dns-Prefetch-Control", "X-Permitted-Cross-Domain-Policies",
	"X-Sourcemap", "X-Webkit-Csp", "X-Xss-Protection",

	// Commands to caches in front of us (withhold adds *-Cache-Control). A cache that
	// obeys could serve one user's answer to all users, or drop stored answers.
	"Cache-Group-Invalidation", "Cache-Groups", "Cache-Tag", "Edge-Cache-Tag", "Edge-Control",
	"Netlify-Vary", "Pragma", "Surrogate-Control", "Surrogate-Key",

	// Commands to servers in front of us to send a file or another server's answer.
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
	switch name { // what most answers have needs no search
	case "Cache-Control", "Content-Length", "Content-Type", "Date", "Etag", "Vary":
		return false
	}
	if withheld[name] || strings.HasSuffix(name, "-Cache-Control") { // RFC 9213, and older ones
		return true
	}
	for _, prefix := range withheldPrefixes {
		if strings.HasPrefix(name, prefix) {
			return name != "X-Accel-Buffering" // event streams need it
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
