package tracing

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// DefaultQueue is how many ended spans wait for the collector. It is OpenTelemetry's own default.
const DefaultQueue = sdk.DefaultMaxQueueSize

// queue bounds how many spans wait, and counts the others. The SDK's own queue is as long, but
// does not tell anybody what it drops. So it is never full: this one is full before.
type queue struct {
	sdk.SpanProcessor
	size  int64
	spans *spans
}

// OnEnd implements sdk.SpanProcessor.
func (q *queue) OnEnd(s sdk.ReadOnlySpan) {
	if q.spans.waiting.Add(1) > q.size {
		q.spans.waiting.Add(-1)
		q.spans.dropped.Inc()
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// spans are the ended spans of this process.
type spans struct {
	waiting               atomic.Int64 // until their export is over
	sent, failed, dropped prometheus.Counter
}

// newSpans registers the metrics. A nil r registers nothing.
func newSpans(r prometheus.Registerer) *spans {
	ended := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_trace_spans_total",
		Help: "Ended spans by what became of them: sent, failed (the collector has not taken them) or dropped (too many were waiting).",
	}, []string{"result"})
	s := &spans{sent: ended.WithLabelValues("sent"), failed: ended.WithLabelValues("failed"), dropped: ended.WithLabelValues("dropped")}
	promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vestibule_trace_spans_waiting",
		Help: "Ended spans that wait for the collector.",
	}, func() float64 { return float64(s.waiting.Load()) })
	return s
}

// exported counts the end of an export of n spans.
func (s *spans) exported(n int, err error) {
	s.waiting.Add(int64(-n))
	if err != nil {
		s.failed.Add(float64(n))
		return
	}
	s.sent.Add(float64(n))
}
