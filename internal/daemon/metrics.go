package daemon

import (
	"context"
	"net/http"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vestibule/store"
	"vestibule/store/db"
)

// newMetrics returns a registry with the metrics of the process itself.
func newMetrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	version, goVersion := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = info.Main.Version, info.GoVersion
	}
	promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "vestibule_build_info",
		Help:        "Always 1. The labels have the versions of Vestibule and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "go": goVersion},
	}, func() float64 { return 1 })
	return r
}

// measureSchema registers the versions of the schema: that of this program, and the one that the
// database had at the start.
func measureSchema(ctx context.Context, r prometheus.Registerer, st *store.Store) {
	status, err := st.MigrationStatus(ctx)
	if err != nil {
		return // the start fails for the same reason
	}
	applied := int64(0)
	for _, m := range status {
		if m.Applied {
			applied = max(applied, m.Version)
		}
	}
	versions := promauto.With(r).NewGaugeVec(prometheus.GaugeOpts{
		Name: "vestibule_schema_version",
		Help: "The latest migration, of: that of this program, or that of the database at the start of this process.",
	}, []string{"of"})
	versions.WithLabelValues("program").Set(float64(db.SchemaVersion(status)))
	versions.WithLabelValues("database").Set(float64(applied))
}

// metricsHandler answers /metrics in the formats of Prometheus and OpenMetrics.
func metricsHandler(r *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, // a scrape asks the database; more at once only wait for each other
		EnableOpenMetrics:   true,
	})
}
