package api

import "github.com/prometheus/client_golang/prometheus"

// measure registers the metrics of the shared resources. A nil r registers nothing.
func (s *Server) measure(r prometheus.Registerer) {
	s.calls.Measure(r, "api", "requests")
	s.searches.places.Measure(r, "api", "searches")
	s.writes.Measure(r, "api", "writes")
	s.feed.places.Measure(r, "api", "streams")
	s.feed.batches.Measure(r, "api", "event-batches")
}
