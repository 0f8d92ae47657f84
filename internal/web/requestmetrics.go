package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// RequestMetrics counts requests and measures how long they take. A nil *RequestMetrics
// does nothing.
//
// The labels have few values, whatever clients send: a route is a path of the program or of
// its configuration, never that of a request, and the method is one that a route can have.
type RequestMetrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	bytes    *prometheus.CounterVec

	rows   sync.Map   // requestLabels → *requestRow, because looking up labels costs more
	making sync.Mutex // held while a row is made or removed
}

type requestLabels struct {
	surface, route, method string
	class                  int  // the first digit of the status
	proxied                bool // the route is one of the proxy's
}

type requestRow struct {
	requests, bytes prometheus.Counter
	took            prometheus.Observer
}

// otherRoute is the route of requests that no route takes.
const otherRoute = "none"

// NewRequestMetrics registers the metrics. A nil r registers nothing.
func NewRequestMetrics(r prometheus.Registerer) *RequestMetrics {
	with := promauto.With(r)
	labels := []string{"surface", "route", "method", "status"}
	return &RequestMetrics{
		requests: with.NewCounterVec(prometheus.CounterOpts{
			Name: "vestibule_http_requests_total",
			Help: "Requests that have ended, by surface, route, method and class of the status. 499: the client left before the answer.",
		}, labels),
		bytes: with.NewCounterVec(prometheus.CounterOpts{
			Name: "vestibule_http_response_bytes_total",
			Help: "Bytes of the bodies of answers.",
		}, labels),
		took: with.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "vestibule_http_request_duration_seconds",
			Help:    "How long requests took until the end of their answers. Event streams and WebSockets are left out: they last as long as their clients like.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"surface", "route"}),
	}
}

// count adds a request. stream reports whether its answer was a stream of events or an
// upgrade.
func (m *RequestMetrics) count(of requestLabels, bytes int64, took time.Duration, stream bool) {
	if m == nil {
		return
	}
	row := m.row(of)
	row.requests.Inc()
	row.bytes.Add(float64(bytes))
	if !stream {
		row.took.Observe(took.Seconds())
	}
}

func (m *RequestMetrics) row(key requestLabels) *requestRow {
	if key.route == "" {
		key.route = otherRoute
	}
	if !slices.Contains(methods, key.method) {
		key.method = "other"
	}
	if row, ok := m.rows.Load(key); ok {
		return row.(*requestRow)
	}
	m.making.Lock()
	defer m.making.Unlock()
	class := strconv.Itoa(key.class) + "xx"
	row := &requestRow{
		requests: m.requests.WithLabelValues(key.surface, key.route, key.method, class),
		bytes:    m.bytes.WithLabelValues(key.surface, key.route, key.method, class),
		took:     m.took.WithLabelValues(key.surface, key.route),
	}
	m.rows.Store(key, row)
	return row
}

// Forget removes the rows of the proxy's routes that are gone, so that their number stays bounded. A
// request that ends later makes its row anew, until the next call. A nil m does nothing.
func (m *RequestMetrics) Forget(gone func(route string) bool) {
	if m == nil {
		return
	}
	m.making.Lock()
	defer m.making.Unlock()
	m.rows.Range(func(k, _ any) bool {
		key := k.(requestLabels)
		if !key.proxied || !gone(key.route) {
			return true
		}
		m.rows.Delete(key)
		class := strconv.Itoa(key.class) + "xx"
		m.requests.DeleteLabelValues(key.surface, key.route, key.method, class)
		m.bytes.DeleteLabelValues(key.surface, key.route, key.method, class)
		m.took.DeleteLabelValues(key.surface, key.route)
		return true
	})
}

// streams reports whether the answer is a stream that lasts as long as its client likes.
func streams(status int, answer http.Header) bool {
	return status == http.StatusSwitchingProtocols || strings.HasPrefix(answer.Get("Content-Type"), "text/event-stream")
}
