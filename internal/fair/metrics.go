package fair

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Measure registers how many places of the room are taken and how many wait for one. The
// surface and the name tell it apart from other rooms. A nil r registers nothing.
func (r *Room) Measure(to prometheus.Registerer, surface, name string) {
	if to == nil {
		return
	}
	labels := prometheus.Labels{"surface": surface, "room": name}
	promauto.With(to).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vestibule_places_taken", ConstLabels: labels,
		Help: "Taken places of a shared resource, for example requests in progress, streams or computations of passwords.",
	}, func() float64 {
		taken, _ := r.Load()
		return float64(taken)
	})
	promauto.With(to).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vestibule_places_waiting", ConstLabels: labels,
		Help: "How many wait for a place of a shared resource.",
	}, func() float64 {
		_, waiting := r.Load()
		return float64(waiting)
	})
	if r.limits.Places == math.MaxInt {
		return // only each key has a bound
	}
	promauto.With(to).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "vestibule_places", ConstLabels: labels,
		Help: "All places of a shared resource.",
	}, func() float64 { return float64(r.limits.Places) })
}
