package bff

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/internal/web"
)

// The routes can be replaced while requests are served. The rules:
//
//   - A request goes by one table from its first layer to its last. It gets its handler from the
//     table that it has found, so it cannot see half of one table and half of another.
//   - A request under way ends by the routes with which it began.
//   - A stream goes on, by the route with which it began, unless that route is gone or its rules
//     have changed about who may open which streams. Otherwise it could go on for days against
//     the new rules. It ends as at a stop of the process: its client opens it again by itself.
//   - What counts requests stays: the limits, and the connections to the APIs that are still
//     there.

// routes are the routes of one table. Nothing changes them.
type routes struct {
	table    route.Table
	proxies  map[*route.Route]*proxiedRoute
	paths    map[string]*proxiedRoute // the same, by path
	networks *proxy.Networks
	handler  http.Handler // see Server.withRoutes
}

// routing holds the routes that apply now, and what they have in common with those before and
// after them.
type routing struct {
	current atomic.Pointer[routes]
	shared  proxy.Config // what all proxies share
	bound   func(web.HandlerFunc) web.HandlerFunc

	changing sync.Mutex
	stopped  bool // EndStreams was called
}

func (g *routing) now() *routes { return g.current.Load() }

// openRoutes makes a proxy for each route of the table. upstream carries the requests to the
// default API; nil: the network.
func (s *Server) openRoutes(table route.Table, upstream http.RoundTripper, r prometheus.Registerer) error {
	s.routing.shared = proxy.Config{Limits: proxy.NewLimits(s.cfg.ProxyMaxRequests, table.Servers(s.cfg.Backend)), Metrics: proxy.NewMetrics(r), Transport: upstream}
	s.routing.shared.Limits.Measure(r)
	s.routing.bound = s.clients.Bound(s.cfg.MaxConnections, s.cfg.MaxConnectionsPerAddress)
	first, err := s.newRoutes(table, &routes{networks: &proxy.Networks{}})
	if err != nil {
		return err
	}
	first.networks.Replace(&proxy.Networks{})
	s.routing.current.Store(first)
	return nil
}

// newRoutes makes the routes of a table, which will replace before.
func (s *Server) newRoutes(table route.Table, before *routes) (*routes, error) {
	next := &routes{table: table, proxies: make(map[*route.Route]*proxiedRoute, len(table)), paths: make(map[string]*proxiedRoute, len(table)), networks: before.networks.Next()}
	shared := s.routing.shared
	shared.Table, shared.Networks = table, next.networks
	for i := range table {
		at := &proxiedRoute{Route: &table[i], kind: -1}
		var err error
		if at.Session != route.None {
			if at.kind, err = s.sessions.Kind(kindFor(at.Route)); err != nil {
				return nil, err
			}
		}
		var follows *proxy.Proxy
		if same := before.paths[at.Path]; same != nil && same.AdmitsSame(at.Route) {
			follows = same.proxy
		}
		if at.proxy, err = s.newProxy(at, shared, follows); err != nil {
			return nil, err
		}
		at.serve = web.Handle(func(w http.ResponseWriter, r *http.Request) error { return s.proxied(at, w, r) }, writeError)
		next.proxies[at.Route], next.paths[at.Path] = at, at
	}
	next.handler = s.withRoutes(next)
	return next, nil
}

// RouteChanges are the paths of the routes in which two tables differ.
type RouteChanges struct{ Added, Removed, Changed []string }

// PrepareRoutes makes the routes of a table that has been checked. An empty one has the default
// route. apply makes all requests that begin later go by them, and returns what has changed. It
// cannot fail. Between the two calls nobody else may call PrepareRoutes.
func (s *Server) PrepareRoutes(table route.Table) (apply func() RouteChanges, err error) {
	c := s.cfg
	c.Routes = table
	before := s.routing.now()
	next, err := s.newRoutes(c.routeTable(), before)
	if err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	return func() RouteChanges { return s.replaceRoutes(before, next) }, nil
}

func (s *Server) replaceRoutes(before, next *routes) RouteChanges {
	changes := before.changes(next)
	g := &s.routing
	g.changing.Lock()
	defer g.changing.Unlock()
	g.current.Store(next)
	g.shared.Limits.SetAPIs(next.table.Servers(s.cfg.Backend))
	next.networks.Replace(before.networks)
	before.endStreams(next)
	if g.stopped {
		next.endAllStreams()
	}
	s.forgetRoutes(next)
	return changes
}

// forgetRoutes removes the metrics of all routes that are gone, also of those that went earlier: a
// request that was under way then may have made some anew.
func (s *Server) forgetRoutes(now *routes) {
	gone := func(path string) bool { return now.paths[path] == nil }
	s.routing.shared.Metrics.Forget(gone)
	s.requests.Forget(gone)
}

func (now *routes) changes(next *routes) (c RouteChanges) {
	for i := range next.table {
		r := &next.table[i]
		if old := now.paths[r.Path]; old == nil {
			c.Added = append(c.Added, r.Path)
		} else if !old.Same(r) {
			c.Changed = append(c.Changed, r.Path)
		}
	}
	for i := range now.table {
		if path := now.table[i].Path; next.paths[path] == nil {
			c.Removed = append(c.Removed, path)
		}
	}
	for _, list := range [][]string{c.Added, c.Removed, c.Changed} {
		slices.SortFunc(list, strings.Compare)
	}
	return c
}

// endStreams ends the streams that do not go on under the next routes.
func (now *routes) endStreams(next *routes) {
	for _, at := range now.proxies {
		if same := next.paths[at.Path]; same == nil || !at.AdmitsSame(same.Route) {
			at.proxy.EndStreams()
		}
	}
}

func (now *routes) endAllStreams() {
	for _, at := range now.proxies {
		at.proxy.EndStreams()
	}
}

// end ends the streams of all routes, and of those that a reload still brings.
func (g *routing) end() {
	g.changing.Lock()
	defer g.changing.Unlock()
	g.stopped = true
	g.now().endAllStreams()
}
