package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"vestibule/internal/web"
)

// admin is the server for operators and probes. It reports whether the process is
// alive and whether it should receive requests. The response names the failing check
// but not the reason, because the reason may contain host and file names. The reason is
// logged.
type admin struct {
	log      *slog.Logger
	checks   []probe
	stopping atomic.Bool
	polls    readyzPolls
}

// checkTimeout is the timeout of a probe. Kubelets and load balancers wait only a few
// seconds for an answer.
const checkTimeout = 2 * time.Second

var errNotListening = errors.New("not listening")

// handler returns the handler of all requests to the admin server.
func (a *admin) handler() http.Handler {
	router := web.NewRouter(writeAdminError)
	get := func(path string, h web.HandlerFunc) {
		router.Path(path).Methods(http.MethodGet, http.MethodHead).Handler(web.Handle(h, writeAdminError))
	}
	get("/livez", a.live)
	get("/readyz", a.ready)

	h := web.DefaultDeadlines.Wrap(web.NoStore(router))
	h = web.SecurityHeaders{CSP: web.APIPolicy}.Wrap(h)
	return web.RequestLog{Log: a.log, Surface: "admin", Errors: writeAdminError}.Wrap(h)
}

// status is the response of /livez and /readyz.
type status struct {
	Status string            `json:"status"` // ok, failing or stopping
	Checks map[string]string `json:"checks,omitempty"`
}

// live answers /livez. It checks nothing else: a process that fails here is restarted,
// and a restart does not repair a database.
func (a *admin) live(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, status{Status: "ok"})
}

// ready answers /readyz. It runs all checks at the same time. It fails as soon as the
// process begins to stop, so that load balancers send no new requests.
func (a *admin) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	found := make([]error, len(a.checks))
	var checks sync.WaitGroup
	for i, c := range a.checks {
		checks.Go(func() { found[i] = c.check(ctx) })
	}
	checks.Wait()

	code, answer := http.StatusOK, status{"ok", map[string]string{}}
	for i, c := range a.checks {
		answer.Checks[c.name] = "ok"
		if found[i] != nil {
			answer.Checks[c.name] = "failing"
			code, answer.Status = http.StatusServiceUnavailable, "failing"
			web.Note(r, slog.String(c.name, found[i].Error()))
		}
	}
	client, _ := netip.ParseAddrPort(r.RemoteAddr)
	switch {
	case a.stopping.Load():
		code, answer.Status = http.StatusServiceUnavailable, "stopping"
		defer a.polls.recordStopping(client.Addr())
	case code == http.StatusOK:
		a.polls.recordReady(client.Addr(), time.Now())
	}
	return web.WriteJSON(w, code, answer)
}

// listening returns a probe that fails while a listener is not served.
func listening(servers []*server) probe {
	return probe{"listeners", func(context.Context) error {
		for _, s := range servers {
			if !s.serving.Load() {
				return errNotListening
			}
		}
		return nil
	}}
}

func writeAdminError(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	// Encoding three strings cannot fail.
	_ = web.WriteJSON(w, e.Status, struct {
		Error   string `json:"error"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{web.StatusText(e.Status), e.Code, e.Message})
}
