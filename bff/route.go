package bff

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/bff/token"
	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// proxiedRoute is a route with the proxy that carries its requests.
type proxiedRoute struct {
	*route.Route
	kind  int // of the tokens, see session.Config
	proxy *proxy.Proxy
	serve http.Handler
}

// openRoutes makes a proxy for each route of the configuration. upstream carries the requests to
// the default API; nil: the network.
func (s *Server) openRoutes(upstream http.RoundTripper, r prometheus.Registerer) error {
	s.proxies = make(map[*route.Route]*proxiedRoute, len(s.table))
	shared := proxy.Config{Limits: proxy.NewLimits(s.cfg.ProxyMaxRequests, s.table.Servers(s.cfg.Backend)), Metrics: proxy.NewMetrics(r), Networks: &proxy.Networks{}}
	shared.Limits.Measure(r)
	for i := range s.table {
		at := &proxiedRoute{Route: &s.table[i]}
		at.kind = slices.IndexFunc(s.kinds, func(k token.Kind) bool { return sameKind(k, kindFor(at.Route)) })
		var err error
		if at.proxy, err = s.newProxy(at, upstream, shared); err != nil {
			return err
		}
		at.serve = web.Handle(func(w http.ResponseWriter, r *http.Request) error { return s.proxied(at, w, r) }, writeError)
		s.proxies[at.Route] = at
	}
	return nil
}

// routeTable returns the routes of a configuration.
func (c Config) routeTable() route.Table {
	if len(c.Routes) > 0 {
		return c.Routes
	}
	return route.Default(c.RouteDefaults())
}

// kindOfDefaultAPI is the place of the token of the default API among the kinds of tokens. The
// token endpoint for pages hands it out.
const kindOfDefaultAPI = 0

// kindsOf returns the kinds of tokens that the routes need.
func kindsOf(table route.Table, audience string) []token.Kind {
	kinds := []token.Kind{kindOfDefaultAPI: {Audience: audience}}
	for i := range table {
		r := &table[i]
		k := kindFor(r)
		if r.Session != route.None && !slices.ContainsFunc(kinds, func(other token.Kind) bool { return sameKind(k, other) }) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

func kindFor(r *route.Route) token.Kind {
	return token.Kind{Audience: r.Audience, Scope: r.Scope, Claims: r.Claims}
}

// sameKind compares the claims without their order.
func sameKind(a, b token.Kind) bool {
	return a.Audience == b.Audience && a.Scope == b.Scope && slices.Equal(slices.Sorted(slices.Values(a.Claims)), slices.Sorted(slices.Values(b.Claims)))
}

// newProxy makes the proxy of a route. shared has what all proxies share.
func (s *Server) newProxy(at *proxiedRoute, upstream http.RoundTripper, shared proxy.Config) (*proxy.Proxy, error) {
	if at.Upstream != nil {
		upstream = nil // that carries requests to the default API
	}
	return proxy.New(proxy.Config{
		Route:        *at.Route,
		Table:        s.table,
		Backend:      s.cfg.Backend,
		Public:       s.cfg.BaseURL,
		Transport:    upstream,
		Limits:       shared.Limits,
		Metrics:      shared.Metrics,
		Networks:     shared.Networks,
		Authorize:    func(r *http.Request) (proxy.Grant, error) { return s.authorize(r, at) },
		AllowUpgrade: s.origins.allowUpgrade,
		ClientIP:     s.clients.Of,

		StandardTransport: s.cfg.ProxyStandardTransport,
	})
}

// proxied forwards a request to the API of a route. If the client has too many requests in
// progress, the refusal is delayed: each such request has already cost a session look-up.
func (s *Server) proxied(at *proxiedRoute, w http.ResponseWriter, r *http.Request) error {
	err := at.proxy.Serve(w, r)
	if errors.Is(err, fair.ErrKey) {
		s.delayAnswer(r, s.refusals)
	}
	return err
}

// forwardedHeaders returns the request headers that pass on some route.
func (s *Server) forwardedHeaders() []string {
	var names []string
	for i := range s.table {
		names = append(names, s.table[i].ForwardHeaders...)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(names, strings.EqualFold)
}
