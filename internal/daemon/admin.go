package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vestibule/internal/web"
)

// admin answers operators and probes: whether the process lives, and whether
// it should be sent requests. It says which check fails and never why: the
// reason, which may name hosts and files, goes to the log.
type admin struct {
	log      *slog.Logger
	checks   []probe
	stopping atomic.Bool
	polls    readyzPolls
}

// checkTimeout bounds a probe: kubelets and load balancers give up after a
// second or a few.
const checkTimeout = 2 * time.Second

var errNotListening = errors.New("not listening")

// handler is the whole surface.
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

// status is the answer to a probe.
type status struct {
	Status string            `json:"status"` // ok, failing or stopping
	Checks map[string]string `json:"checks,omitempty"`
}

// live answers as long as the process can: who fails here is restarted, which
// cures no database.
func (a *admin) live(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, status{Status: "ok"})
}

// ready runs all checks at once. From the moment the process is asked to stop
// it fails, so that no new requests are sent here.
func (a *admin) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	found := make([]error, len(a.checks))
	var asked sync.WaitGroup
	for i, c := range a.checks {
		asked.Go(func() { found[i] = c.check(ctx) })
	}
	asked.Wait()

	code, answer := http.StatusOK, status{"ok", map[string]string{}}
	for i, c := range a.checks {
		answer.Checks[c.name] = "ok"
		if found[i] != nil {
			answer.Checks[c.name] = "failing"
			code, answer.Status = http.StatusServiceUnavailable, "failing"
			web.Note(r, slog.String(c.name, found[i].Error()))
		}
	}
	switch {
	case a.stopping.Load():
		code, answer.Status = http.StatusServiceUnavailable, "stopping"
		defer a.polls.recordStopping()
	case code == http.StatusOK:
		a.polls.recordReady(time.Now())
	}
	return web.WriteJSON(w, code, answer)
}

// listening asks whether all listeners are served.
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
	// Three strings always encode.
	_ = web.WriteJSON(w, e.Status, struct {
		Error   string `json:"error"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{web.StatusText(e.Status), e.Code, e.Message})
}
