package route

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestHeaderFamiliesCannotBeForwarded tries the best-known members of each family and an
// invented one.
func TestHeaderFamiliesCannotBeForwarded(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{
		"X-Forwarded-", "X-Auth-Request-", "X-Authenticated-", "Sec-WebSocket-", "X-WebAuth-", "X-Goog-Authenticated-", "X-Goog-IAP-",
		"X-Amzn-Oidc-", "X-Consumer-", "X-Credential-", "X-MS-CLIENT-PRINCIPAL", "X-MS-CLIENT-PRINCIPAL-", "X-MS-TOKEN-",
	} {
		for _, name := range []string{prefix + "User", prefix + "Invented"} {
			if WhyNotForwarded(name) == "" {
				t.Errorf("%s may be forwarded", name)
			}
		}
	}
}

// TestMethodOverridesCannotBeForwarded: with one, a POST that passes would run as a DELETE.
func TestMethodOverridesCannotBeForwarded(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X-Original-Method",
		"X-HTTP-*", "X-HTTP-Method*", "X-HTTP-Method-*", "X-Method-*", "X-M*", "X-Original-*",
	} {
		if WhyNotForwarded(entry) == "" {
			t.Errorf("%s may be forwarded", entry)
		}
	}
	if reason := WhyNotForwarded("X-HTTP-Method-Override"); !strings.Contains(reason, "methods") {
		t.Errorf("got %q, want methods in it", reason)
	}
}

func TestTheTableOfHeadersHoldsCanonicalNames(t *testing.T) {
	t.Parallel()
	for name := range neverForwarded {
		if name != http.CanonicalHeaderKey(name) {
			t.Errorf("%s would never match", name)
		}
	}
}

// TestNoPatternMatchesAForbiddenName tries every beginning of every such name.
func TestNoPatternMatchesAForbiddenName(t *testing.T) {
	t.Parallel()
	names := slices.Collect(maps.Keys(neverForwarded))
	for _, family := range neverForwardedPrefix {
		names = append(names, family.prefix, family.prefix+"Id")
	}
	for _, name := range names {
		for end := 1; end <= len(name); end++ {
			if WhyNotForwarded(name[:end]+"*") == "" {
				t.Errorf("%s* is allowed, which matches %s", name[:end], name)
			}
		}
	}
}
