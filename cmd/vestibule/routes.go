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
}

func toRouteJSON(r *route.Route, backend *url.URL) routeJSON {
	j := routeJSON{
		Path: r.Path, KeepPath: r.KeepPath, Target: r.Base(backend).String(), Session: r.Session.String(),
		Audience: r.Audience, Scope: r.Scope, Claims: append([]string{}, r.Claims...), Methods: r.Methods, Paths: patterns(r),
		BodyLimit: r.BodyLimit, Timeout: values.ShortDuration(r.Timeout), ForwardHeaders: append([]string{}, r.ForwardHeaders...),
		Redirects: append([]string{}, r.Redirects...), CSP: csp(r), WebSocket: r.WebSocket, Me: r.Me,
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

// listRoutes prints the table. Columns of rules that no route has are left out.
func (p *program) listRoutes(c *settings.Settings, table route.Table) error {
	rows := [][]string{{"PATH", "REQUESTS GO TO", "SESSION", "AUDIENCE", "SCOPE", "CLAIMS", "METHODS", "PATHS", "BODY LIMIT", "TIMEOUT", "HEADERS", "REDIRECTS TO", "ALSO"}}
	for i := range table {
		rows = append(rows, routeCells(c, &table[i]))
	}
	var used []int
	for column := range rows[0] {
		if slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "" }) {
			used = append(used, column)
		}
	}
	only := func(row []string) (cells []string) {
		for _, column := range used {
			cells = append(cells, row[column])
		}
		return cells
	}
	out := p.output(only(rows[0])...)
	for i := range table {
		out.row(toRouteJSON(&table[i], c.BFF.Backend), only(rows[i+1])...)
	}
	return out.close()
}

func routeCells(c *settings.Settings, r *route.Route) []string {
	limit, timeout := "none", "none"
	if r.BodyLimit > 0 {
		limit = values.ShortSize(r.BodyLimit)
	}
	if r.Timeout > 0 {
		timeout = values.ShortDuration(r.Timeout)
	}
	var also []string
	for _, rule := range []struct {
		name string
		set  bool
	}{{"websocket", r.WebSocket}, {"me", r.Me}, {"its own csp", r.OwnCSP}} {
		if rule.set {
			also = append(also, rule.name)
		}
	}
	return []string{
		r.Path, base(c, r), r.Session.String(), r.Audience, r.Scope, strings.Join(r.Claims, ", "), strings.Join(r.Methods, ", "), strings.Join(patterns(r), ", "),
		limit, timeout, strings.Join(r.ForwardHeaders, ", "), strings.Join(r.Redirects, ", "), strings.Join(also, ", "),
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
