package throttle

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// busyRule is the rule of attempts that are refused because too many wait to be counted.
const busyRule = "busy"

// Measure registers the metrics. A nil r registers nothing. Call it before the first attempt.
func (l *Limiter) Measure(r prometheus.Registerer) {
	l.throttled = newThrottled(r)
	l.room.Measure(r, "bff", "attempts")
}

func newThrottled(r prometheus.Registerer) *prometheus.CounterVec {
	v := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_throttled_total",
		Help: "Attempts that were refused because there were too many, by the rule with the longest wait. busy: too many waited to be counted.",
	}, []string{"rule"})
	for _, r := range limits {
		v.WithLabelValues(r.label())
	}
	v.WithLabelValues(busyRule)
	return v
}

// label returns the rule's name in the metrics. The name itself is a part of the hashes in the
// database.
func (r *rule) label() string { return strings.ReplaceAll(r.name, " ", "-") }

// refused counts a refused attempt. It is remembered with its rule, unless the counters were
// cleared at the same moment.
func (l *Limiter) refused(a Attempt, keys []string) {
	rule := "unknown"
	if r, _ := l.blocks.longest(a, keys, l.time()); r != nil {
		rule = r.label()
	}
	l.throttled.WithLabelValues(rule).Inc()
}
