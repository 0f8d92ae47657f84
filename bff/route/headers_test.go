package route

import (
	"maps"
	"net/http"
	"slices"
	"testing"
)

// TestHeaderFamiliesCannotBeForwarded tries the best-known members of each family and an
// invented one.
func TestHeaderFamiliesCannotBeForwarded(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"X-Forwarded-", "X-Auth-Request-", "X-Authenticated-", "Sec-WebSocket-"} {
		for _, name := range []string{prefix + "User", prefix + "Invented"} {
			if WhyNotForwarded(name) == "" {
				t.Errorf("%s may be forwarded", name)
			}
		}
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
