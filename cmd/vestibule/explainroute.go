package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/internal/settings"
	"vestibule/internal/values"
	"vestibule/internal/web"
)

// verdictJSON says what the BFF does with a URL.
type verdictJSON struct {
	URL    string  `json:"url"` // the path and query
	Method string  `json:"method"`
	Route  *string `json:"route"`  // null: none takes it
	Why    string  `json:"why"`    // this route, or none
	Target *string `json:"target"` // the URL at the API; null: nothing is sent
	Status int     `json:"status"` // of the refusal; 0: it passes
	Rule   string  `json:"rule"`   // that refuses it; "": it passes, or no route takes it
}

// explainURL says which route takes the URL in the arguments, and what happens to it.
func (p *program) explainURL(c *settings.Settings, table route.Table) error {
	r, err := p.askedRequest()
	if err != nil {
		return err
	}
	v := verdictJSON{URL: r.URL.RequestURI(), Method: r.Method}
	found := table.Find(r.URL.EscapedPath())
	v.judge(c, table, found, r)

	out := p.output()
	out.row(v, "request", v.Method+" "+v.URL)
	if found == nil {
		out.row(nil, "route", "none: "+v.Why)
		return out.close()
	}
	out.row(nil, "route", found.Path+": "+v.Why)
	if v.Target != nil {
		out.row(nil, "goes to", v.Method+" "+*v.Target)
		out.row(nil, "session", sessionText(found))
		out.row(nil, "limits", limitsText(found))
	} else {
		out.row(nil, "refused", fmt.Sprintf("%d: %s", v.Status, v.Rule))
	}
	if err := out.close(); err != nil || !p.explains() {
		return err
	}
	return p.explainHeaders(route.Table{*found})
}

// askedRequest returns the request in the arguments: a URL or a path, and --method.
func (p *program) askedRequest() (*http.Request, error) {
	text := p.given.args[0]
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return nil, usageError(settings.Show(text) + " is not a URL of the BFF; use one like http://localhost:3000/api/proxy/me/tasks, or its path")
	}
	u.Scheme, u.Host, u.User, u.Fragment, u.RawFragment = "", "", nil, "", ""
	method := http.MethodGet
	if given, is := p.given.options["method"]; is {
		method = strings.ToUpper(given)
	}
	if !values.IsToken(method) {
		return nil, usageError("--method=" + settings.Show(method) + " is not a method; use one like POST")
	}
	return &http.Request{Method: method, URL: u, Header: http.Header{}}, nil
}

// judge fills in the verdict in the order in which the BFF checks a request.
func (v *verdictJSON) judge(c *settings.Settings, table route.Table, found *route.Route, r *http.Request) {
	path := r.URL.EscapedPath()
	if found == nil {
		v.Status, v.Why = noRoute(table, path)
		return
	}
	v.Route, v.Why = &found.Path, "its path is the only one with which the URL begins"
	var shorter []string
	for i := range table {
		if other := table[i].Path; other != found.Path && strings.HasPrefix(path, other) {
			shorter = append(shorter, other)
		}
	}
	if shorter != nil {
		v.Why = "its path is the longest with which the URL begins, before " + strings.Join(shorter, " and ")
	}
	if err := proxy.CheckTarget(r); err != nil {
		v.Status, v.Rule = http.StatusBadRequest, err.Error()
		if refusal, is := errors.AsType[*web.Error](err); is {
			v.Status, v.Rule = refusal.Status, refusal.Message
		}
		return
	}
	rest := strings.TrimPrefix(path, found.Path)
	if v.Rule, v.Status = found.Refuses(r.Method, rest); v.Rule != "" {
		switch v.Status {
		case http.StatusMethodNotAllowed:
			v.Rule += " are " + strings.Join(found.Methods, ", ")
		default:
			v.Rule += " are " + strings.Join(patterns(found), ", ")
		}
		return
	}
	target := found.Base(c.BFF.Backend).String() + found.WithUser(rest, "<user id>")
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	v.Target = &target
}

// noRoute says why no route takes a path, and the status of the answer; 0: not known.
func noRoute(table route.Table, path string) (status int, why string) {
	for i := range table {
		if strings.HasPrefix(path, table[i].Path) {
			return http.StatusNotFound, "servers that decode escapes, ignore case or add a slash could read it as a path of a longer route than " + table[i].Path
		}
	}
	switch {
	case route.IsOwn(strings.TrimSuffix(path, "/")):
		return 0, "it is a path of the BFF itself"
	case table.Find(path+"/") != nil:
		return http.StatusNotFound, "a slash is missing at its end: the path of the route is " + table.Find(path+"/").Path
	case path == "/api", strings.HasPrefix(path, "/api/"):
		return http.StatusNotFound, "no route has a path with which the URL begins"
	}
	return 0, "it is not below /api/, so it belongs to the app"
}

func sessionText(r *route.Route) string {
	token := "token for audience " + r.Audience
	if r.Scope != "" {
		token += ", scope " + r.Scope
	}
	if len(r.Claims) > 0 {
		token += ", claims " + strings.Join(r.Claims, ", ")
	}
	switch r.Session {
	case route.Optional:
		return "optional; if there is one, " + token
	case route.None:
		return "none; no token"
	}
	return "required; " + token
}

func limitsText(r *route.Route) string {
	body, timeout := "no limit of the body", "no timeout"
	if r.BodyLimit > 0 {
		body = "body of " + values.ShortSize(r.BodyLimit)
	}
	if r.Timeout > 0 {
		timeout = "timeout of " + values.ShortDuration(r.Timeout)
	}
	return body + ", " + timeout
}

// headerJSON says whether a route forwards a request header.
type headerJSON struct {
	Route     string `json:"route"`
	Header    string `json:"header"`
	Forwarded bool   `json:"forwarded"`
	Why       string `json:"why"`
}

// explainHeaders says which of the usual request headers, and of those given with --header, the
// routes forward.
func (p *program) explainHeaders(table route.Table) error {
	names := proxy.UsualHeaders()
	for _, name := range words(p.given.options["header"]) {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	out := p.output("ROUTE", "HEADER", "FORWARDED", "WHY")
	for _, r := range table {
		seen := map[string]bool{}
		for _, name := range slices.Concat(names, r.ForwardHeaders) {
			if seen[name] {
				continue
			}
			seen[name] = true
			passes, why := proxy.ExplainHeader(name, &r)
			forwarded := "no"
			if passes {
				forwarded = "yes"
			}
			out.row(headerJSON{r.Path, name, passes, why}, r.Path, name, forwarded, why)
		}
	}
	return out.close()
}
