package proxy

import (
	"errors"
	"fmt"
	"net/http"

	"vestibule/bff/route"
	"vestibule/internal/values"
)

// forwardable checks the extra request headers that an operator wants to forward and
// returns them in canonical form. It refuses names that would break a guarantee of
// this package, and reports all of them together.
func forwardable(names []string) ([]string, error) {
	var faults []error
	canonical := make([]string, 0, len(names))
	for _, name := range names {
		if reason := route.WhyNotForwarded(name); reason != "" {
			faults = append(faults, fmt.Errorf("request header %q cannot be forwarded: %s", name, reason))
			continue
		}
		canonical = append(canonical, http.CanonicalHeaderKey(name))
	}
	return canonical, errors.Join(faults...)
}

func isToken(s string) bool { return values.IsToken(s) }
