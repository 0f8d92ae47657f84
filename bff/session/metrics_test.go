package session

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/metricstest"
)

func TestUsesOfTheCacheAreCounted(t *testing.T) {
	t.Parallel()
	each(t, time.Hour, func(f *fixture) {
		registry := prometheus.NewRegistry()
		f.measure(registry)
		_, r := f.signIn(true, nil)
		before := metricstest.Of(f.t, registry)
		for range 3 {
			f.wantLive(r)
		}
		if _, err := f.Peek(r); err != nil { // it always reads, whatever the cache has
			f.t.Fatal(err)
		}
		metricstest.Want(f.t, before, metricstest.Of(f.t, registry), map[string]float64{
			`vestibule_session_cache_lookups_total{result="miss"}`: 1, `vestibule_session_cache_lookups_total{result="hit"}`: 2,
		})
	})
}
