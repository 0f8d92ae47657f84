// Package bff is the backend for frontends: the server that browsers talk to. It owns
// sign-up, sign-in and the cookie session. It replaces the cookie with a short-lived token
// in requests to the task API.
//
// The cookie stops here: no other package of the program reads one, and no response of
// this package to a browser holds a token or a session's secret. A bearer token from
// outside is ignored, except by userinfo.
//
// Because this package has the keys, it also serves the endpoint where internal services
// get their tokens (bff/oauth).
package bff

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"vestibule/bff/frontend"
	"vestibule/bff/mail"
	"vestibule/bff/oauth"
	"vestibule/bff/password"
	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/bff/token"
	"vestibule/internal/fair"
	"vestibule/internal/openapi"
	"vestibule/internal/periodic"
	"vestibule/internal/secrets"
	"vestibule/internal/web"
	"vestibule/store"
	"vestibule/store/db"
)

// Server is the BFF. Make one with New.
type Server struct {
	cfg   Config
	log   *slog.Logger
	now   func() time.Time
	store *store.Store

	deleteRemains func(context.Context) (more bool, err error) // see Deps; may be nil

	passwords  hasher
	limits     *throttle.Limiter
	mail       *mail.Outbox
	tokens     *token.Minter
	secrets    db.Instance // what this instance accepts and signs with
	sessions   *session.Sessions
	oauth      *oauth.Server
	routing    routing
	strangers  *web.Bodies // of clients that are not authenticated
	members    *web.Bodies // of users with a session
	origins    origins
	clients    *web.ClientIPs
	work       *fair.Room // requests
	inSession  *fair.Room // those that present a session
	lookups    *fair.Room // database look-ups by tokens and ids that anybody can make up
	refusals   *pace
	noSessions *pace
	delayed    *fair.Room // answers that wait
	app        *frontend.App
	docs       *openapi.Docs

	requests *web.RequestMetrics
	tracer   trace.Tracer

	strangeSecret atomic.Bool // a running instance has a secret that this one does not know
}

// New composes the BFF. It reads or makes the signing key, so the database
// must be reachable and migrated.
func New(ctx context.Context, cfg Config, deps Deps) (*Server, error) {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, log: cmp.Or(deps.Log, slog.Default()), now: deps.Now, store: deps.Store, deleteRemains: deps.DeleteRemains, work: newWorkRoom(), inSession: newSessionRoom(), lookups: newLookupRoom(deps.Store.Shares()), delayed: newDelayRoom(), requests: deps.Requests, tracer: deps.Tracer}
	if s.now == nil {
		s.now = time.Now
	}
	limits := web.BodyLimits{One: maxBody, Sender: bodiesPerAddress, All: bodiesInAll}
	s.strangers, s.members = web.NewBodies(limits), web.NewBodies(limits)
	s.origins = newOrigins(cfg.BaseURL, cfg.TrustedOrigins)
	var err error
	if s.app, err = s.newApp(); err != nil {
		return nil, err
	}
	if s.docs, err = openapi.New(openAPI, "/api/openapi.json", "/api/docs", "Vestibule BFF"); err != nil {
		return nil, err
	}
	if s.clients, err = web.NewClientIPs(cfg.TrustedProxies); err != nil {
		return nil, err
	}
	if s.refusals, err = newPace(refusalsAtOnce, refusalEvery); err != nil {
		return nil, err
	}
	if s.noSessions, err = newPace(noSessionAtOnce, noSessionEvery); err != nil {
		return nil, err
	}
	passwords, err := password.New(password.Config{Params: cfg.PasswordParams, MinLength: cfg.PasswordMinLength, AllowCommon: cfg.PasswordAllowCommon, Metrics: deps.Metrics})
	if err != nil {
		return nil, err
	}
	s.passwords = passwords
	if s.limits, err = throttle.New(deps.Store, cfg.Secret, s.now, cfg.RateLimitOff); err != nil {
		return nil, err
	}
	s.mail = s.newOutbox()
	if s.secrets, err = secrets.Held(cfg.Secret, cfg.PreviousSecrets); err != nil {
		return nil, err
	}
	if s.tokens, err = s.openTokens(ctx, deps.Metrics); err != nil {
		return nil, err
	}
	if s.sessions, err = s.openSessions(deps.Metrics); err != nil {
		return nil, err
	}
	s.oauth = s.newOAuth()
	s.measure(deps.Metrics)
	return s, s.openRoutes(cfg.routeTable(), deps.Upstream, deps.Metrics)
}

func (s *Server) https() bool { return s.cfg.BaseURL.Scheme == "https" }

// origin returns our origin in the form that browsers send.
func (s *Server) origin() string { return s.cfg.BaseURL.Scheme + "://" + s.cfg.BaseURL.Host }

// Handler serves all endpoints.
func (s *Server) Handler() http.Handler {
	return s.wrap("bff", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.routing.now().handler.ServeHTTP(w, r)
	}))
}

// withRoutes returns the layers of Handler that know the routes.
func (s *Server) withRoutes(now *routes) http.Handler {
	h := s.origins.guard(s.choose(now), refusedOrigin(s.cfg.BaseURL))
	h = s.openToListed(h)
	h = web.Handle(s.routing.bound(web.Asked(h)), writeError)
	h = s.origins.cors(forwardedHeaders(now.table)).Handler(h)
	return namingRoute(now.table, h)
}

// wrap puts the layers around h that each listener of the BFF has. surface is its name in the
// log.
func (s *Server) wrap(surface string, h http.Handler) http.Handler {
	h = web.NoStore(h)
	h = web.DefaultDeadlines.Wrap(h)
	h = web.SecurityHeaders{CSP: web.APIPolicy, HTTPS: s.https()}.Wrap(h)
	h = s.clients.WarnForwarded(s.log, h)
	return web.RequestLog{
		Log:     s.log,
		Surface: surface,
		Errors:  writeError,
		TrustID: s.clients.FromProxy,
		Clients: s.clients,
		Metrics: s.requests,
		Tracer:  s.tracer,
	}.Wrap(h)
}

// Run does the background work until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.sessions.Run(ctx) })
	wg.Go(func() { s.mail.Run(ctx) })
	wg.Go(func() { s.maintain(ctx) })
	wg.Go(func() { periodic.Run(ctx, s.log, pruneEvery, s.cleanupJobs()...) })
	wg.Wait()
}

// EndStreams ends the proxied streams that their clients open again by themselves, and all
// later ones. It is for a process that stops.
func (s *Server) EndStreams() { s.routing.end() }

// Ready says whether requests can be answered: the signing keys can be read.
func (s *Server) Ready(ctx context.Context) error {
	_, err := s.tokens.JWKS(ctx)
	return err
}

// KeysReady returns why tokens cannot be signed with the key whose turn it is, or nil. It
// makes no query.
func (s *Server) KeysReady(context.Context) error { return s.tokens.Usable() }

// KeysHealthy is KeysReady for the keys that come later too.
func (s *Server) KeysHealthy(context.Context) error { return s.tokens.AllUsable() }
