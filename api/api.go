// Package api is the task API: users' tasks over HTTP for whoever presents a
// bearer token, the BFF or a service of its own.
//
// It promises that a request is answered for the token's subject and for
// nobody else, and that a token is judged before anything else about the
// request. It refuses every token that it cannot hold against one configured
// algorithm, issuer and audience. It knows no cookie, no session and no
// account: the signature is the proof.
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

	"vestibule/api/bearer"
	"vestibule/internal/fair"
	"vestibule/internal/openapi"
	"vestibule/internal/web"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// Config says whose tokens are believed, and sets bounds.
type Config struct {
	// Config has the settings of tokens. New sets its Scopes, Log and Now.
	bearer.Config
	// CORSOrigins are those whose pages are answered, exactly as browsers send them.
	CORSOrigins []string
	// TrustedProxies may say who their client is; for the log alone.
	TrustedProxies []netip.Prefix
	// MaxRequestsPerCaller bounds the requests under way of one user or service; 0 is
	// the default.
	MaxRequestsPerCaller int
	// MaxStreams and MaxStreamsPerUser bound the streams of events that are open; 0
	// is the default.
	MaxStreams, MaxStreamsPerUser int
}

// Tasks is what the API needs of a store. Every method that has a user touches
// the tasks of that user only.
type Tasks interface {
	ListTasks(ctx context.Context, userID string, q tasks.Query) iter.Seq2[tasks.Task, error]
	PageTasks(ctx context.Context, userID string, q tasks.Query, limit int) (iter.Seq2[tasks.Task, error], *tasks.Position, error)
	Task(ctx context.Context, userID string, id int64) (tasks.Task, error)
	CreateTask(ctx context.Context, t tasks.Task) (tasks.Task, error)
	Tx(ctx context.Context, what string, f func(*tasks.Tx) error) error
	UpdateTask(ctx context.Context, userID string, id int64, change tasks.Change, only *tasks.Versions, now time.Time) (tasks.Task, error)
	ToggleTask(ctx context.Context, userID string, id int64, only *tasks.Versions, now time.Time) (tasks.Task, error)
	DeleteTask(ctx context.Context, userID string, id int64, only *tasks.Versions, now time.Time) error

	TaskEvents(ctx context.Context, userID string, after int64, limit int) ([]tasks.Event, error)
	TaskFeed(ctx context.Context, userID string) (oldest, latest int64, err error)
	TaskFeeds(ctx context.Context, userIDs []string) (map[string]int64, error)
	Watch(ctx context.Context, w db.Watcher)

	FoldTasks(ctx context.Context, limit int, atMost time.Duration) (more bool, err error)
	DeleteExpiredAnswers(ctx context.Context, now time.Time, limit int) (int64, error)
	DeleteTaskEvents(ctx context.Context, before time.Time, limit int) (int64, error)
	DeleteRemains(ctx context.Context, userID string) (tasks.Remains, error)
}

// Deps is what the API works with.
type Deps struct {
	Tasks Tasks
	Log   *slog.Logger
	Now   func() time.Time // nil: time.Now
}

// Server is the task API.
type Server struct {
	tasks    Tasks
	log      *slog.Logger
	clock    func() time.Time
	clients  *web.ClientIPs
	origins  origins
	bodies   *web.Bodies
	calls    *fair.Room // of requests under way, by caller
	tokens   *bearer.Verifier
	docs     *openapi.Docs
	running  running
	feed     *feed
	searches searches
}

// New makes a Server. An error names the setting at fault.
func New(cfg Config, deps Deps) (*Server, error) {
	clients, err := web.NewClientIPs(cfg.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	s := &Server{tasks: deps.Tasks, log: deps.Log, clock: deps.Now, clients: clients, origins: newOrigins(cfg.CORSOrigins), feed: newFeed(deps.Tasks, deps.Log, cfg)}
	s.bodies = web.NewBodies(web.BodyLimits{One: maxBody, Sender: bodiesOfOne, All: bodiesOfAll})
	s.searches = newSearches(runtime.GOMAXPROCS(0))
	if s.docs, err = openapi.New(openAPI, "/openapi.json", "/docs", "Vestibule task API"); err != nil {
		return nil, err
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.calls = newCalls(cfg.MaxRequestsPerCaller)
	cfg.Scopes, cfg.Log, cfg.Now = Scopes[:], deps.Log, s.clock
	if s.tokens, err = bearer.New(cfg.Config); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler answers the whole surface.
func (s *Server) Handler() http.Handler {
	h := web.NoStore(s.origins.answer(s.guard(s.routes())))
	h = web.DefaultDeadlines.Wrap(h)
	h = web.SecurityHeaders{CSP: web.APIPolicy}.Wrap(h)
	return web.RequestLog{
		Log:     s.log,
		Surface: "api",
		Errors:  writeProblem,
		// Our callers are the BFF and services: their id joins the logs.
		TrustID: func(*http.Request) bool { return true },
		Clients: s.clients,
	}.Wrap(h)
}

// Run does the background work until ctx ends: it fetches the verification keys
// that are published and keeps them fresh, without it there are none; it tells
// listeners of changes; and it deletes what is no longer of use.
func (s *Server) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.tokens.Run(ctx) })
	wg.Go(func() { s.feed.run(ctx) })
	wg.Go(func() { s.tidy(ctx) })
	wg.Wait()
}

// EndStreams ends the streams of events, which have no end of their own, and
// those to come: their readers connect again, to another instance or to the next
// process.
func (s *Server) EndStreams() { s.feed.end() }

// Ready says why no token of our own can be verified yet, or nil. Further
// issuers do not count: their outage must not take the API from our users.
func (s *Server) Ready(context.Context) error { return s.tokens.Ready() }

// now is the time as it is stored and shown: UTC, in milliseconds.
func (s *Server) now() time.Time {
	return s.clock().UTC().Truncate(time.Millisecond)
}
