package tracing

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/metricstest"
	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// measured starts to record, with metrics.
func measured(t *testing.T, cfg Config, log io.Writer) (*Tracing, func() map[string]float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	traces, err := Start(t.Context(), cfg, registry, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return traces, func() map[string]float64 { return metricstest.Of(t, registry) }
}

func end(t *testing.T, traces *Tracing, n int) {
	t.Helper()
	for range n {
		_, span := traces.Tracer().Start(t.Context(), "x")
		span.End()
	}
}

const (
	sent    = `vestibule_trace_spans_total{result="sent"}`
	failed  = `vestibule_trace_spans_total{result="failed"}`
	dropped = `vestibule_trace_spans_total{result="dropped"}`
	waits   = `vestibule_trace_spans_waiting`
)

// TestSpansBeyondTheQueueAreDroppedAndCounted while the collector is silent, also those that are
// on their way. None is counted twice.
func TestSpansBeyondTheQueueAreDroppedAndCounted(t *testing.T) {
	answer := make(chan struct{})
	var asked atomic.Int64
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked.Add(1)
		<-answer
	}))
	defer slow.Close()
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
	traces, got := measured(t, Config{Endpoint: slow.URL, Queue: 10}, io.Discard)
	end(t, traces, 10)
	waittest.Until(t, "the export is under way", func() bool { return asked.Load() == 1 })
	end(t, traces, 25)
	if m := got(); m[waits] != 10 || m[dropped] != 25 || m[sent] != 0 {
		t.Errorf("got %v, want 10 waiting and 25 dropped", m)
	}
	close(answer)
	waittest.Until(t, "the spans are sent", func() bool { return got()[sent] == 10 })
	end(t, traces, 3)
	traces.Stop()
	if m := got(); m[waits] != 0 || m[dropped] != 25 || m[sent] != 13 || m[failed] != 0 {
		t.Errorf("after the stop: got %v", m)
	}
}

func TestSpansThatTheCollectorRefusesAreCounted(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	log := &testlog.Buffer{}
	traces, got := measured(t, Config{Endpoint: refusing.URL}, log)
	end(t, traces, 4)
	traces.Stop()
	if m := got(); m[failed] != 4 || m[sent] != 0 || m[waits] != 0 {
		t.Errorf("got %v, want 4 failed", m)
	}
	log.Want(t, "404 Not Found")
}

// TestARedirectOfTheCollectorIsAFailure: its headers may be keys, and are for it alone. A page to
// sign in, which is where proxies redirect to, would look like success.
func TestARedirectOfTheCollectorIsAFailure(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		var followed atomic.Bool
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
		defer other.Close()
		collector := httptest.NewServer(http.RedirectHandler(other.URL, status))
		defer collector.Close()
		traces, got := measured(t, Config{Endpoint: collector.URL, Headers: map[string]string{"Api-Key": "hunter2"}}, io.Discard)
		end(t, traces, 1)
		traces.Stop()
		if m := got(); followed.Load() || m[failed] != 1 {
			t.Errorf("%d: got %v, followed: %t; want a failure", status, m, followed.Load())
		}
	}
}

// TestTheCertificateOfTheCollectorIsChecked with the configured roots.
func TestTheCertificateOfTheCollectorIsChecked(t *testing.T) {
	collector := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer collector.Close()
	own := collector.Client().Transport.(*http.Transport).TLSClientConfig
	for _, tt := range []struct {
		tls  *tls.Config
		want string
	}{{own, sent}, {nil, failed}} {
		traces, got := measured(t, Config{Endpoint: collector.URL, TLS: tt.tls}, io.Discard)
		end(t, traces, 1)
		traces.Stop()
		if m := got(); m[tt.want] != 1 {
			t.Errorf("with the roots %t: got %v, want %s", tt.tls != nil, m, tt.want)
		}
	}
}
