package web

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestOnlyTheRowsOfFormerRoutesAreRemoved, also those that a request has made after its route went.
func TestOnlyTheRowsOfFormerRoutesAreRemoved(t *testing.T) {
	t.Parallel()
	r := prometheus.NewPedanticRegistry()
	m := NewRequestMetrics(r)
	count := func(route string, proxied bool) {
		m.count(requestLabels{"bff", route, "GET", 2, proxied}, 1, time.Second, false)
	}
	count("/api/kept/", true)
	count("/api/auth/token", false)
	for range 2 {
		count("/api/gone/", true)
		m.Forget(func(route string) bool { return route != "/api/kept/" })
	}
	families, err := r.Gather()
	if err != nil || len(families) != 3 {
		t.Fatalf("got %v, %v", families, err)
	}
	for _, f := range families {
		if got := f.String(); strings.Contains(got, "/api/gone/") || !strings.Contains(got, "/api/kept/") || !strings.Contains(got, "/api/auth/token") {
			t.Errorf("got %s", got)
		}
	}
}
