package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"vestibule/api"
	"vestibule/bff"
	"vestibule/bff/token"
	"vestibule/internal/inprocess"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/internal/web"
	"vestibule/store"
	"vestibule/store/tasks"
)

// compose creates the surfaces that have a listener. If both run, each calls the other
// inside the process, unless the address of the other is set. Such a call uses the same
// tokens and the same verification, but no network.
func compose(ctx context.Context, c *settings.Settings, at *listeners, db *store.Store, heart *heartbeat, observe observers, log *slog.Logger) (*process, error) {
	for _, l := range at.all() {
		l.bounds.Metrics = observe.metrics
	}
	p := &process{
		log:     log,
		adminAt: at.admin,
		admin:   &admin{log: log, shared: db.Shared(), loopback: at.admin.atLoopback(), observers: observe, requests: web.NewRequestMetrics(observe.metrics)},
		work:    heart.run,

		keepAlive:  c.KeepAlive,
		drainDelay: c.DrainDelay,
		drain:      drainTime,
		end:        endTime,
	}
	p.admin.checks = []probe{inOrder("database", db.Ping, heart.check).bounded(), p.admin.listening(at.all())}
	var bffHandler, apiHandler http.Handler
	if at.api != nil {
		var keys http.RoundTripper
		if at.bff != nil && !c.NetworkJWKS {
			// The API fetches keys only when the surfaces run. bffHandler is set by then.
			keys = &inprocess.Transport{Log: log, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				bffHandler.ServeHTTP(w, r)
			})}
		}
		s, err := newAPI(c, db, keys, p.admin, log)
		if err != nil {
			return nil, err
		}
		apiHandler = s.Handler()
		p.surfaces = append(p.surfaces, surface{at.api, apiHandler, s.Run, s.EndStreams})
		p.admin.checks = append(p.admin.checks, probe{"api", s.Ready}.bounded())
		p.admin.alerts = append(p.admin.alerts, probe{"api", s.Healthy}.bounded())
	}
	if at.bff != nil {
		var upstream http.RoundTripper
		if at.api != nil && !c.NetworkAPI {
			upstream = &inprocess.Transport{Log: log, Handler: withClientAddress(apiHandler), Idle: time.Second}
		}
		s, err := newBFF(ctx, c, db, upstream, p.admin, log)
		if err != nil {
			return nil, err
		}
		p.bff, bffHandler = s, s.Handler()
		p.surfaces = append(p.surfaces, surface{at.bff, bffHandler, s.Run, s.EndStreams})
		if at.forwardAuth != nil {
			p.surfaces = append(p.surfaces, surface{at: at.forwardAuth, handler: s.ForwardAuth()})
		}
		p.admin.checks = append(p.admin.checks, probe{"bff", s.Ready}.bounded(), probe{"keys", s.KeysReady})
		p.admin.alerts = append(p.admin.alerts, probe{"keys", s.KeysHealthy})
	}
	return p, nil
}

// withClientAddress gives the API the address of the BFF's client, as if the BFF were a
// trusted proxy. Inside the process, only the BFF can set the header.
func withClientAddress(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ip := r.Header.Get("X-Forwarded-For"); ip != "" {
			r.RemoteAddr = net.JoinHostPort(ip, "0")
		}
		api.ServeHTTP(w, r)
	})
}

func newAPI(c *settings.Settings, db *store.Store, keys http.RoundTripper, a *admin, log *slog.Logger) (*api.Server, error) {
	cfg := c.API
	cfg.JWKSTransport = keys
	if cfg.Algorithm == jose.HS256 {
		cfg.Secrets = append([][]byte{c.Secret}, c.PreviousSecrets()...)
	}
	taskStore := tasks.New(db.DB)
	taskStore.TasksPerUser = c.TasksPerUser
	s, err := api.New(cfg, api.Deps{Tasks: taskStore, Log: log, Metrics: a.metrics, Requests: a.requests, Tracer: a.tracer})
	if err != nil {
		return nil, fmt.Errorf("start of the task API: %w", err)
	}
	return s, nil
}

func newBFF(ctx context.Context, c *settings.Settings, db *store.Store, upstream http.RoundTripper, a *admin, log *slog.Logger) (*bff.Server, error) {
	cfg := c.BFF
	cfg.Secret = c.Secret
	cfg.PreviousSecrets = c.PreviousSecrets()
	s, err := bff.New(ctx, cfg, bff.Deps{Store: db, Log: log, Metrics: a.metrics, Requests: a.requests, Tracer: a.tracer, Upstream: upstream, DeleteRemains: tasks.New(db.DB).DeleteAnyRemains})
	switch {
	case errors.Is(err, token.ErrSecretDiffers):
		return nil, settings.Failure{Fault: settings.Fault{
			Setting: "BETTER_AUTH_SECRET",
			Problem: "is not the one that encrypted the signing keys in the database",
			Cure:    "use the old secret again, or set it as BETTER_AUTH_SECRET_PREVIOUS",
		}}
	case errors.Is(err, store.ErrUnavailable):
		return nil, c.Database.Failure(err)
	case err != nil:
		return nil, fmt.Errorf("start of the BFF: %w", err)
	}
	return s, nil
}
