package proxy

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/bff/route"
)

// closing counts how often its idle connections were closed.
type closing struct {
	http.RoundTripper
	n int
}

func (c *closing) CloseIdleConnections() { c.n++ }

func TestConnectionsToTheSameServerStay(t *testing.T) {
	t.Parallel()
	server := func(host string) *url.URL { return &url.URL{Scheme: "http", Host: host} }
	fast, slow := Config{Route: route.Route{Timeout: time.Second}}, Config{Route: route.Route{Timeout: time.Minute}}
	old := &Networks{}
	keptFast := old.to(server("kept"), fast)
	for key := range old.all {
		old.all[key] = &closing{RoundTripper: keptFast}
	}
	kept := old.to(server("kept"), fast).(*closing)
	gone := &closing{}
	old.all[network{scheme: "http", host: "gone", timeout: time.Second}] = gone

	next := old.Next()
	if next.to(server("kept"), fast) != http.RoundTripper(kept) || next.to(server("kept"), slow) == http.RoundTripper(kept) {
		t.Error("got other connections to the same server with the same timeout, or the same ones with another")
	}
	next.Replace(old)
	if kept.n != 0 || gone.n != 1 {
		t.Errorf("got %d and %d times that idle connections were closed, want those of the server that is gone, once", kept.n, gone.n)
	}
	if next.to(server("gone"), fast) == http.RoundTripper(gone) {
		t.Error("got the closed connections again")
	}
}

// TestTheShareOfAnAPIFollowsTheirNumber: an API that hangs may take all places only while it is the
// only one.
func TestTheShareOfAnAPIFollowsTheirNumber(t *testing.T) {
	t.Parallel()
	l := NewLimits(10, 1)
	take := func() (n int) {
		for ; ; n++ {
			place, err := l.all.Take("api", 1)
			if err != nil {
				return n
			}
			defer place.Leave()
		}
	}
	if got := take(); got != 10 {
		t.Errorf("the only API: got %d places", got)
	}
	l.SetAPIs(2)
	if got := take(); got != 5 {
		t.Errorf("one of two APIs: got %d places", got)
	}
	l.SetAPIs(1)
	if got := take(); got != 10 {
		t.Errorf("the only API again: got %d places", got)
	}
}

func TestTheCountersOfAFormerRouteAreRemoved(t *testing.T) {
	t.Parallel()
	r := prometheus.NewPedanticRegistry()
	m := NewMetrics(r)
	a, b := m.of("/api/a/"), m.of("/api/b/")
	a.answered.Inc()
	b.answered.Inc()
	goneA := func(route string) bool { return route == "/api/a/" }
	m.Forget(goneA)
	m.counter("/api/a/", "too_many_requests").Inc() // a request that was under way
	m.Forget(goneA)
	if len(m.known) != 1 {
		t.Errorf("got the routes %v, want one", m.known)
	}
	families, err := r.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("got %v, %v", families, err)
	}
	for _, metric := range families[0].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetValue() == "/api/a/" {
				t.Error("the counters are still there")
			}
		}
	}
}
