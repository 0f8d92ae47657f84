package password

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/metricstest"
)

func TestWaitsAndRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: 2 * time.Second, Metrics: registry})
		before := metricstest.Of(t, registry)
		running, waiting := s.startFor(t.Context(), from("a")), s.startFor(t.Context(), from("b"))
		wantResult(t, s.startFor(t.Context(), from("c")), ErrBusy)
		time.Sleep(time.Second)
		s.drain()
		wantResult(t, running, nil)
		wantResult(t, waiting, nil)
		metricstest.Want(t, before, metricstest.Of(t, registry), map[string]float64{
			`vestibule_password_refusals_total`: 1, `vestibule_password_wait_seconds_count`: 2, `vestibule_password_wait_seconds_sum`: 1,
		})
	})
}
