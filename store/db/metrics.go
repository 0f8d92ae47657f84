package db

import (
	"errors"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are about calls, which are what a caller waits for: a transaction or a read, with the
// wait for a connection.
type metrics struct {
	calls *prometheus.CounterVec
	took  prometheus.Histogram

	rows sync.Map // callLabels → prometheus.Counter, because looking up labels costs more
}

// callLabels are the labels of a call. Operations are constants of the program.
type callLabels struct{ operation, result string }

func newMetrics(r prometheus.Registerer) *metrics {
	with := promauto.With(r)
	return &metrics{
		calls: with.NewCounterVec(prometheus.CounterOpts{
			Name: "vestibule_database_calls_total",
			Help: "Calls of the database, by operation. Result unavailable: the database did not answer or could not be written. refused: it is as the caller must expect, for example not found.",
		}, []string{"operation", "result"}),
		took: with.NewHistogram(prometheus.HistogramOpts{
			Name:    "vestibule_database_call_duration_seconds",
			Help:    "How long calls of the database took, with the wait for a connection.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
	}
}

// note counts a call. While the database is being opened there are no metrics yet.
func (m *metrics) note(operation string, err error, took time.Duration) {
	if m == nil {
		return
	}
	m.took.Observe(took.Seconds())
	key := callLabels{operation, result(err)}
	counter, ok := m.rows.Load(key)
	if !ok {
		counter, _ = m.rows.LoadOrStore(key, m.calls.WithLabelValues(key.operation, key.result))
	}
	counter.(prometheus.Counter).Inc()
}

// result is one of four words for an error, after translate.
func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	case sentinelOf(err) != nil:
		return "refused"
	}
	return "failed" // cancelled by the caller, or a defect
}

// measure registers the metrics of an open database. A nil r registers nothing.
func (s *DB) measure(r prometheus.Registerer) {
	s.metrics = newMetrics(r)
	if r == nil {
		return
	}
	pools := map[*sqlx.DB]string{s.counting.write: "counting", s.accounts.write: "accounts", s.write: "write", s.read: "read"}
	for pool, name := range pools { // on SQLite some are the same
		r.MustRegister(collectors.NewDBStatsCollector(pool.DB, name))
	}
	if s.listener != nil {
		s.listener.measure(r)
	}
}

func (l *listener) measure(r prometheus.Registerer) {
	with := promauto.With(r)
	l.lag = with.NewGauge(prometheus.GaugeOpts{
		Name: "vestibule_notification_lag_seconds",
		Help: "How long the latest heartbeat took from its sending to its arrival as a notification of PostgreSQL. So long after a commit other instances learn that a session has ended.",
	})
	with.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vestibule_notifications_up",
		Help: "1 while notifications of PostgreSQL arrive. 0: each request has to read its session.",
	}, func() float64 {
		if l.late(time.Now()) != nil {
			return 0
		}
		return 1
	})
}
