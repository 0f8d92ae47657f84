package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vestibule/internal/web"
	"vestibule/store"
)

// /readyz is for load balancers: should this instance get requests? It fails for what is
// the fault of this instance, such as keys that it cannot decrypt or a schema that it
// cannot use. It does not fail while a database is away that all instances share: a
// balancer would take them all out, and clients would get its error page instead of our 503
// with Retry-After. SQLite belongs to the instance, so its faults count.
//
// /healthz is for alerts: does everything work? It also fails for what taking instances out
// of service would not help: secrets of the running instances that do not fit together, and
// notifications or triggers that do not work, without which each request asks the database.
//
// The answers name the failing check but not the reason, because the reason may contain host
// and file names. The reason is logged.

// checkTimeout is the timeout of a check. Load balancers wait only a few seconds for an
// answer.
const checkTimeout = 2 * time.Second

// readyTimeout is the timeout of the checks of /readyz where a hanging check does not make
// it fail. By default a kubelet waits only a second.
const readyTimeout = 500 * time.Millisecond

// HealthAgent is the User-Agent of vestibule health. It is no load balancer: a stop does not
// wait for it. Otherwise a container with a health check every 30 s would need more than a
// minute to stop.
const HealthAgent = "vestibule-health"

// The words of an answer.
const (
	statusOK       = "ok"
	statusAway     = "away" // fails for all instances
	statusFailing  = "failing"
	statusStopping = "stopping"
)

var errNotListening = errors.New("not listening")

// status is the response of the admin server.
type status struct {
	Status string            `json:"status"` // ok, failing or stopping
	Checks map[string]string `json:"checks,omitempty"`
}

// ready answers /readyz. It fails as soon as the process begins to stop.
func (a *admin) ready(w http.ResponseWriter, r *http.Request) error {
	timeout := checkTimeout
	if a.shared {
		timeout = readyTimeout
	}
	// Read it before the checks: what the answer says and what is recorded must agree.
	stopping := a.stopping.Load()
	answer := a.check(r, a.checks, timeout, a.ownFault)
	if stopping {
		answer.Status = statusStopping
	}
	if r.UserAgent() == HealthAgent {
		return write(w, answer)
	}
	client, _ := netip.ParseAddrPort(r.RemoteAddr)
	defer func() {
		a.polls.record(newPollerID(client.Addr(), r.UserAgent()), answer.Status == statusOK, time.Now())
	}()
	return write(w, answer)
}

// health answers /healthz. It does not fail because the process is told to stop: a deploy
// is no reason for an alert.
func (a *admin) health(w http.ResponseWriter, r *http.Request) error {
	checks := slices.Clone(a.alerts)
	for _, c := range a.checks {
		if !slices.ContainsFunc(a.alerts, func(stricter probe) bool { return stricter.name == c.name }) {
			checks = append(checks, c)
		}
	}
	return write(w, a.check(r, checks, checkTimeout, func(error) bool { return true }))
}

// check runs the checks at the same time. Errors for which counts is false do not make the
// answer fail.
func (a *admin) check(r *http.Request, checks []probe, timeout time.Duration, counts func(error) bool) status {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	found := make([]error, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { found[i] = c.check(ctx) })
	}
	running.Wait()

	answer := status{statusOK, map[string]string{}}
	for i, c := range checks {
		switch err := found[i]; {
		case err == nil:
			answer.Checks[c.name] = statusOK
		case counts(err):
			answer.Checks[c.name], answer.Status = statusFailing, statusFailing
		default:
			answer.Checks[c.name] = statusAway
		}
		if found[i] != nil {
			web.Note(r, slog.String(c.name, found[i].Error()))
		}
	}
	return answer
}

// ownFault reports whether an error of a check means that other instances would do better.
// What only takes too long is assumed to be slow for all of them.
func (a *admin) ownFault(err error) bool {
	if !a.shared {
		return true
	}
	for _, everywhere := range []error{store.ErrUnavailable, errBeatHangs, errProbeTimeout, context.DeadlineExceeded} {
		if errors.Is(err, everywhere) {
			return false
		}
	}
	return true
}

func write(w http.ResponseWriter, answer status) error {
	code := http.StatusOK
	if answer.Status != statusOK {
		code = http.StatusServiceUnavailable
	}
	return web.WriteJSON(w, code, answer)
}

// listening returns a probe that fails while a listener is not served, except when the
// process stops.
func (a *admin) listening(servers []*server) probe {
	return probe{"listeners", func(context.Context) error {
		for _, s := range servers {
			if !s.serving.Load() && !a.stopping.Load() {
				return errNotListening
			}
		}
		return nil
	}}
}
