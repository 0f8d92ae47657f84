// Package api is the task API: the tasks of users over HTTP. Its callers send a bearer
// token: the BFF or a service.
//
// A request is answered only for the subject of its token, and the token is checked before
// anything else. A token is refused if it does not fit one configured algorithm, issuer and
// audience. The package knows no cookies, sessions or accounts: the signature is the proof.
package api

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"vestibule/api/bearer"
	"vestibule/internal/fair"
	"vestibule/internal/openapi"
	"vestibule/internal/web"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// Config says whose tokens are trusted, and sets bounds.
type Config struct {
	// Config has the settings for tokens. New sets its Scopes and Log.
	bearer.Config
	// CORSOrigins are the origins whose pages may read answers, exactly as browsers send
	// them.
	CORSOrigins []string
	// TrustedProxies may name their clients. This is only for the log.
	TrustedProxies []netip.Prefix
	// MaxRequestsPerCaller bounds the concurrent requests of one user or service. 0 is the
	// default.
	MaxRequestsPerCaller int
	// MaxStreams and MaxStreamsPerUser bound the open event streams. 0 is the default.
	MaxStreams, MaxStreamsPerUser int
}

// Tasks is the store as the API needs it. A method with a user touches only that user's
// tasks.
type Tasks interface {
	ListTasks(ctx context.Context, userID string, q tasks.Query) iter.Seq2[tasks.Task, error]
	PageTasks(ctx context.Context, userID string, q tasks.Query, limit int) (iter.Seq2[tasks.Task, error], *tasks.Position, error)
	Task(ctx context.Context, userID string, id int64) (tasks.Task, error)
	CreateTask(ctx context.Context, t tasks.Task) (tasks.Task, error)
	Tx(ctx context.Context, what string, f func(*tasks.Tx) error) error
	UpdateTask(ctx context.Context, userID string, id int64, change tasks.Change, only *tasks.Versions, now time.Time) (tasks.Task, error)
	ToggleTask(ctx context.Context, userID string, id int64, only *tasks.Versions, now time.Time) (tasks.Task, error)
	DeleteTask(ctx context.Context, userID string, id int64, only *tasks.Versions, now time.Time) error

	TaskEvents(ctx context.Context, userID string, after tasks.Place, limit int) (events []tasks.Event, more bool, err error)
	TaskFeed(ctx context.Context, userID string) (oldest int64, latest tasks.Place, err error)
	TaskFeeds(ctx context.Context, userIDs []string) (map[string]tasks.Place, error)
	Watch(ctx context.Context, w db.Watcher)
	Shares() db.Shares

	FoldTasks(ctx context.Context, limit int, atMost time.Duration) (more bool, err error)
	DeleteExpiredAnswers(ctx context.Context, now time.Time, limit int) (int64, error)
	DeleteTaskEvents(ctx context.Context, before time.Time, limit int) (int64, error)
	DeleteRemains(ctx context.Context, userID string) (tasks.Remains, error)
}

// Deps are the dependencies of the API.
type Deps struct {
	Tasks Tasks
	Log   *slog.Logger
	Now   func() time.Time // nil: that of Config

	Metrics  prometheus.Registerer // nil: none are registered
	Requests *web.RequestMetrics   // of all surfaces; nil: requests are not counted
	Tracer   trace.Tracer          // starts spans; nil: there are none
}

// Server is the task API.
type Server struct {
	tasks    Tasks
	log      *slog.Logger
	clock    func() time.Time
	clients  *web.ClientIPs
	origins  origins
	bodies   *web.Bodies
	calls    *fair.Room // requests under way, by caller
	tokens   *bearer.Verifier
	docs     *openapi.Docs
	running  running
	feed     *feed
	searches searches
	writes   *fair.Room // transactions of users
	requests *web.RequestMetrics
	tracer   trace.Tracer
}

// New makes a Server. An error names the faulty setting.
func New(cfg Config, deps Deps) (*Server, error) {
	clients, err := web.NewClientIPs(cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	s := &Server{tasks: deps.Tasks, log: deps.Log, clock: deps.Now, clients: clients, origins: newOrigins(cfg.CORSOrigins), feed: newFeed(deps.Tasks, cfg), requests: deps.Requests, tracer: deps.Tracer}
	s.bodies = web.NewBodies(web.BodyLimits{One: maxBody, Sender: bodiesOfOne, All: bodiesOfAll})
	s.searches = newSearches(runtime.GOMAXPROCS(0), deps.Tasks.Shares())
	s.writes = newWrites(deps.Tasks.Shares())
	if s.docs, err = openapi.New(openAPI, "/openapi.json", "/docs", "Vestibule task API"); err != nil {
		return nil, err
	}
	for _, clock := range []func() time.Time{cfg.Now, time.Now} {
		if s.clock == nil {
			s.clock = clock
		}
	}
	s.calls = newCalls(cfg.MaxRequestsPerCaller)
	s.measure(deps.Metrics)
	cfg.Scopes, cfg.Log, cfg.Now, cfg.Metrics = Scopes[:], deps.Log, s.clock, deps.Metrics
	if s.tokens, err = bearer.New(cfg.Config); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler returns the handler of the whole surface.
func (s *Server) Handler() http.Handler {
	h := web.NoStore(s.origins.answer(s.guard(s.routes())))
	h = web.DefaultDeadlines.Wrap(h)
	h = web.SecurityHeaders{CSP: web.APIPolicy}.Wrap(h)
	return web.RequestLog{
		Log:     s.log,
		Surface: "api",
		Errors:  writeProblem,
		// Our callers are the BFF and services: their ids connect the logs.
		TrustID: func(*http.Request) bool { return true },
		Clients: s.clients,
		Metrics: s.requests,
		Tracer:  s.tracer,
	}.Wrap(h)
}

// Run does the background work until ctx ends. It fetches the published verification keys
// and keeps them fresh; without it there are none. It tells event streams about changes. It
// deletes rows that are no longer needed.
func (s *Server) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.tokens.Run(ctx) })
	wg.Go(func() { s.feed.run(ctx) })
	wg.Go(func() { s.tidy(ctx) })
	wg.Wait()
}

// EndStreams ends all event streams, which would not end by themselves, and all later ones.
// Their readers connect again, to another instance or to the next process.
func (s *Server) EndStreams() { s.feed.end() }

// Ready returns why our own tokens cannot be verified yet, or nil. Further issuers do not
// count: their outage must not block our users.
func (s *Server) Ready(context.Context) error { return s.tokens.Ready() }

// Healthy is Ready for alerts: it also returns why our own keys have not been fetched for
// minutes.
func (s *Server) Healthy(context.Context) error { return s.tokens.Healthy() }

// now returns the time as it is stored and shown: UTC, in milliseconds.
func (s *Server) now() time.Time {
	return s.clock().UTC().Truncate(time.Millisecond)
}
