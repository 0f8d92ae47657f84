package proxy

import "testing"

// TestHeaderFamiliesCannotBeForwarded tries the best-known members of each family and an
// invented one.
func TestHeaderFamiliesCannotBeForwarded(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"X-Forwarded-", "X-Auth-Request-", "X-Authenticated-", "Sec-WebSocket-"} {
		for _, name := range []string{prefix + "User", prefix + "Nobody-Has-Thought-Of"} {
			if WhyNotForwarded(name) == "" {
				t.Errorf("%s may be forwarded", name)
			}
		}
	}
}
