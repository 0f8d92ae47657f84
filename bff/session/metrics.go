package session

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// measure registers the metrics. A nil r registers nothing.
func (s *Sessions) measure(r prometheus.Registerer) {
	lookups := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_session_cache_lookups_total",
		Help: "Sessions that requests have presented, by whether the row in memory was used (hit) or the database was asked (miss). Requests for which the database is always asked are left out.",
	}, []string{"result"})
	s.hits, s.misses = lookups.WithLabelValues("hit"), lookups.WithLabelValues("miss")
	s.lookups.Measure(r, "bff", "session-reads")
	// Each stream has a place here. Those of sessions and users have more, by key.
	s.streams.ofAddresses.Measure(r, "bff", "streams")
}
