package proxy

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"vestibule/internal/web"
)

// Outcomes of a request that are no refusal. A refusal is named after its code.
const (
	outcomeAnswered   = "answered"    // with the API's answer, whatever its status is
	outcomeClientLeft = "client_left" // before the end of its answer
	outcomeBrokenOff  = "broken_off"  // the answer has ended early: by the API, or because the session ended
)

// Metrics count the outcomes of requests. The proxies of all routes share them.
type Metrics struct {
	requests *prometheus.CounterVec

	mu    sync.Mutex
	known map[string]bool // the routes that have counters
}

// NewMetrics registers the metrics. A nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	return &Metrics{known: map[string]bool{}, requests: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_proxy_requests_total",
		Help: "Proxied requests that have ended, by route and outcome: answered (by the API, with any status), client_left, broken_off (the answer ended early), or the code of our refusal in lower case.",
	}, []string{"route", "outcome"})}
}

// Forget removes the counters of routes that are gone, so that their number stays bounded. A request
// that is refused later makes one anew, until the next call.
func (m *Metrics) Forget(gone func(route string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for route := range m.known {
		if gone(route) {
			delete(m.known, route)
			m.requests.DeletePartialMatch(prometheus.Labels{"route": route})
		}
	}
}

func (m *Metrics) counter(route, outcome string) prometheus.Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[route] = true
	return m.requests.WithLabelValues(route, outcome)
}

// outcomes are the counters of one route. The frequent ones are looked up once.
type outcomes struct {
	route                           string
	all                             *Metrics
	answered, clientLeft, brokenOff prometheus.Counter
}

func (m *Metrics) of(route string) outcomes {
	return outcomes{route, m, m.counter(route, outcomeAnswered), m.counter(route, outcomeClientLeft), m.counter(route, outcomeBrokenOff)}
}

// count counts a request. returned is false after a panic, which ends an answer early.
func (o *outcomes) count(ctx context.Context, returned bool, err error) {
	switch {
	case returned && err == nil:
		o.answered.Inc()
	case ctx.Err() != nil && (!returned || errors.Is(err, context.Canceled)):
		o.clientLeft.Inc()
	case !returned:
		o.brokenOff.Inc()
	default:
		o.all.counter(o.route, strings.ToLower(web.AsError(err).Code)).Inc()
	}
}
