package proxy

import "testing"

// TestWholeFamiliesOfHeadersCannotBeForwarded: the members that are best known are
// tried, and one that nobody has thought of.
func TestWholeFamiliesOfHeadersCannotBeForwarded(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"X-Forwarded-", "X-Auth-Request-", "X-Authenticated-", "Sec-WebSocket-"} {
		for _, name := range []string{prefix + "User", prefix + "Nobody-Has-Thought-Of"} {
			if WhyNotForwarded(name) == "" {
				t.Errorf("%s may be forwarded", name)
			}
		}
	}
}
