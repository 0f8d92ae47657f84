package daemon

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"vestibule/internal/web"
)

// admin is the server for operators and probes. It reports whether the process is alive,
// whether it should receive requests, and whether everything works (health.go).
type admin struct {
	log      *slog.Logger
	checks   []probe
	alerts   []probe // further checks of /healthz, and stricter ones in place of those of the same name
	shared   bool    // other instances use the same database
	stopping atomic.Bool
	level    *slog.LevelVar // of log; nil: it cannot be changed
	pprof    bool           // serve profiles
	loopback bool           // the listener is at a loopback address
	requests *web.RequestMetrics
	observers
	polls readyzPolls
}

// observers measure and trace what the process does.
type observers struct {
	metrics *prometheus.Registry
	tracer  trace.Tracer // nil: there are no traces
}

// handler returns the handler of all requests to the admin server.
func (a *admin) handler() http.Handler {
	router := web.NewRouter(writeAdminError)
	get := func(path string, h web.HandlerFunc) {
		router.Path(path).Methods(http.MethodGet, http.MethodHead).Handler(web.Handle(func(w http.ResponseWriter, r *http.Request) error {
			web.NoteEndpoint(r, path)
			return h(w, r)
		}, writeAdminError))
	}
	get("/livez", a.live)
	get("/readyz", a.ready)
	get("/healthz", a.health)
	scrape := metricsHandler(a.metrics)
	get("/metrics", func(w http.ResponseWriter, r *http.Request) error {
		scrape.ServeHTTP(w, r)
		return nil
	})

	if a.level != nil {
		get("/log-level", a.logLevel)
		router.Path("/log-level").Methods(http.MethodPut).Handler(web.Handle(a.setLogLevel, writeAdminError))
	}
	if a.pprof {
		profiles(router)
	}

	h := web.DefaultDeadlines.Wrap(web.NoStore(a.refusingRebinding(router)))
	h = web.SecurityHeaders{CSP: web.APIPolicy}.Wrap(h)
	return web.RequestLog{Log: a.log, Surface: "admin", Errors: writeAdminError, Metrics: a.requests}.Wrap(h)
}

// live answers /livez. It checks nothing else: a process that fails here is restarted,
// and a restart does not repair a database.
func (a *admin) live(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, status{Status: statusOK})
}

func writeAdminError(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	// Encoding three strings cannot fail.
	_ = web.WriteJSON(w, e.Status, struct {
		Error   string `json:"error"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{web.StatusText(e.Status), e.Code, e.Message})
}
