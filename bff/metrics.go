package bff

import (
	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/fair"
)

// measure registers the metrics that no other package registers by itself. A nil r registers nothing.
func (s *Server) measure(r prometheus.Registerer) {
	s.store.Measure(r)
	s.limits.Measure(r)
	for name, room := range map[string]*fair.Room{
		"requests": s.work, "session-requests": s.inSession, "lookups": s.lookups, "delayed-answers": s.delayed,
	} {
		room.Measure(r, "bff", name)
	}
}
