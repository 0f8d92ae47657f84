package main

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"vestibule/bff/route"
	"vestibule/internal/settings"
	"vestibule/internal/values"
)

// routeJSON is a route in JSON output. Its members are those of ROUTES, and target.
type routeJSON struct {
	Path           string   `json:"path"`
	Upstream       *string  `json:"upstream"` // null: the default API
	AllowHTTP      bool     `json:"allow_http"`
	KeepPath       bool     `json:"keep_path"`
	Target         string   `json:"target"` // the URL below which requests go
	Session        string   `json:"session"`
	Audience       string   `json:"audience"`
	Scope          string   `json:"scope"`
	Claims         []string `json:"claims"`
	Methods        []string `json:"methods"` // null: all that the proxy passes
	Paths          []string `json:"paths"`   // null: all
	BodyLimit      int64    `json:"body_limit"`
	Timeout        string   `json:"timeout"`
	ForwardHeaders []string `json:"forward_headers"`
	Redirects      []string `json:"redirects"`
	CSP            string   `json:"csp"`
	WebSocket      bool     `json:"websocket"`
	Me             bool     `json:"me"`
	SharesAudience []string `json:"shares_audience_with"` // the paths of other routes, of which some lead to other servers
}

func toRouteJSON(r *route.Route, backend *url.URL) routeJSON {
	j := routeJSON{
		Path: r.Path, AllowHTTP: r.AllowsHTTP(), KeepPath: r.KeepPath, Target: r.Base(backend).String(), Session: r.Session.String(),
		Audience: r.Audience, Scope: r.Scope, Claims: append([]string{}, r.Claims...), Methods: r.Methods, Paths: patterns(r),
		BodyLimit: r.BodyLimit, Timeout: values.ShortDuration(r.Timeout), ForwardHeaders: append([]string{}, r.ForwardHeaders...),
		Redirects: append([]string{}, r.Redirects...), CSP: csp(r), WebSocket: r.WebSocket, Me: r.Me,
		SharesAudience: []string{},
	}
	if r.Upstream != nil {
		j.Upstream = new(r.Upstream.String())
	}
	return j
}

func csp(r *route.Route) string {
	if r.OwnCSP {
		return "own"
	}
	return "api"
}

// patterns returns the texts of the route's patterns, or nil if it has none.
func patterns(r *route.Route) (texts []string) {
	for _, p := range r.Paths {
		texts = append(texts, p.String())
	}
	return texts
}

// routes is vestibule routes.
func routes(_ context.Context, p *program, c *settings.Settings) error {
	table := c.BFF.Routes
	if len(table) == 0 {
		table = route.Default(c.BFF.RouteDefaults())
	}
	_, asksMethod := p.given.options["method"]
	switch {
	case len(p.given.args) > 0:
		return p.explainURL(c, table)
	case asksMethod:
		return usageError("--method needs a URL; use vestibule routes URL --method=POST")
	case p.explains():
		return p.explainHeaders(table)
	}
	return p.listRoutes(c, table)
}

// explains reports whether the command also explains headers.
func (p *program) explains() bool {
	return p.given.has("explain") || p.given.has("header")
}

// listRoutes prints the table: a paragraph for each route, with the rules that it has.
func (p *program) listRoutes(c *settings.Settings, table route.Table) error {
	shared := table.SharedAudiences(c.BFF.Backend)
	out := p.output()
	for i := range table {
		r := &table[i]
		j := toRouteJSON(r, c.BFF.Backend)
		for _, s := range shared {
			if r.Session != route.None && r.Audience == s.Audience {
				j.SharesAudience = slices.DeleteFunc(slices.Clone(s.Paths), func(path string) bool { return path == r.Path })
			}
		}
		out.row(j)
		out.heading(r.Path)
		out.facts("  ", routeFacts(c, r)...)
		if i < len(table)-1 {
			out.heading("")
		}
	}
	for _, s := range shared {
		out.heading("")
		out.facts("", [2]string{"warning", s.Problem() + "; " + route.SharedCure})
	}
	return out.close()
}

func routeFacts(c *settings.Settings, r *route.Route) [][2]string {
	var also []string
	for _, rule := range []struct {
		name string
		set  bool
	}{{"allow_http", r.AllowsHTTP()}, {"websocket", r.WebSocket}, {"me", r.Me}, {"its own csp", r.OwnCSP}} {
		if rule.set {
			also = append(also, rule.name)
		}
	}
	return [][2]string{
		{"goes to", base(c, r)}, {"session", sessionText(r)}, {"methods", strings.Join(r.Methods, ", ")}, {"paths", strings.Join(patterns(r), ", ")}, {"limits", limitsText(r)},
		{"headers", strings.Join(r.ForwardHeaders, ", ")}, {"redirects", strings.Join(r.Redirects, ", ")}, {"also", strings.Join(also, ", ")},
	}
}

// base returns the URL below which the route's requests go. Without BACKEND_URL it depends on
// the command where the default API is.
func base(c *settings.Settings, r *route.Route) string {
	text := r.Base(c.BFF.Backend).String()
	if r.Upstream == nil && !c.NetworkAPI {
		text += " (vestibule serve: inside the process)"
	}
	return text
}
