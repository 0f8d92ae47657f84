package bff

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/bff/token"
	"vestibule/internal/fair"
)

// proxiedRoute is a route with the proxy that carries its requests.
type proxiedRoute struct {
	*route.Route
	kind  int // of the tokens, see session.Config
	proxy *proxy.Proxy
	serve http.Handler
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

func kindFor(r *route.Route) token.Kind {
	return token.Kind{Audience: r.Audience, Scope: r.Scope, Claims: r.Claims}
}

// newProxy makes the proxy of a route. shared has what all proxies share.
func (s *Server) newProxy(at *proxiedRoute, shared proxy.Config, follows *proxy.Proxy) (*proxy.Proxy, error) {
	upstream := shared.Transport
	if at.Upstream != nil {
		upstream = nil // that carries requests to the default API
	}
	return proxy.New(proxy.Config{
		Route:        *at.Route,
		Table:        shared.Table,
		Backend:      s.cfg.Backend,
		Public:       s.cfg.BaseURL,
		Transport:    upstream,
		Limits:       shared.Limits,
		Metrics:      shared.Metrics,
		Networks:     shared.Networks,
		Follows:      follows,
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
func forwardedHeaders(table route.Table) []string {
	var names []string
	for i := range table {
		names = append(names, table[i].ForwardHeaders...)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(names, strings.EqualFold)
}
