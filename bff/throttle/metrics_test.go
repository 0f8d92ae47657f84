package throttle

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/metricstest"
)

// TestRefusalsAreCountedByRule: whether the database or the memory of this process refuses.
func TestRefusalsAreCountedByRule(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		registry := prometheus.NewRegistry()
		f.Measure(registry)
		before := metricstest.Of(f, registry)
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 10)
		for range 3 {
			if f.take(f.Limiter, a) == 0 {
				f.Error("got the attempt allowed, want it refused")
			}
		}
		link := CheckLink("usr_ada")
		f.exhaust(link, 10)
		f.take(f.Limiter, link)
		metricstest.Want(f, before, metricstest.Of(f, registry), map[string]float64{
			`vestibule_throttled_total{rule="sign-in-pair"}`: 3, `vestibule_throttled_total{rule="check-link"}`: 1,
		})
		other := f.newInstance()
		registry = prometheus.NewRegistry()
		other.Measure(registry)
		before = metricstest.Of(f, registry)
		f.take(other, a)
		metricstest.Want(f, before, metricstest.Of(f, registry), map[string]float64{`vestibule_throttled_total{rule="sign-in-pair"}`: 1})
	})
}
