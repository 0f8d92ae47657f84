package route

import (
	"net/http"
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
