package main

import (
	"cmp"
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
	Origin *string `json:"foreign_origin"` // of the URL; null: ours, or none was given
	Route  *string `json:"route"`          // null: none takes it
	Why    string  `json:"why"`            // this route, or none
	Target *string `json:"target"`         // the URL at the API; null: nothing is sent
	Status int     `json:"status"`         // of the refusal; 0: it passes
	Rule   string  `json:"rule"`           // that refuses it; "": it passes, or no route takes it
}

// explainURL says which route takes the URL in the arguments, and what happens to it.
func (p *program) explainURL(c *settings.Settings, table route.Table) error {
	r, origin, err := p.askedRequest(c.BFF.BaseURL)
	if err != nil {
		return err
	}
	if _, err := p.askedHeaders(); err != nil {
		return err
	}
	v := verdictJSON{URL: asWritten(r.URL), Method: r.Method}
	facts := [][2]string{{"request", v.Method + " " + v.URL}}
	if ours := c.BFF.BaseURL.Scheme + "://" + c.BFF.BaseURL.Host; origin != "" && origin != ours {
		v.Origin = &origin
		facts = append(facts, [2]string{"address", "not ours: " + origin + " is not BASE_URL, which is " + ours + ". The rest is what happens to this path at BASE_URL"})
	}
	found := table.Find(r.URL.EscapedPath())
	v.judge(c, table, found, r)

	out := p.output()
	out.row(v)
	switch {
	case found == nil:
		facts = append(facts, [2]string{"route", "none: " + v.Why})
	case v.Target == nil:
		facts = append(facts, [2]string{"route", found.Path + ": " + v.Why}, [2]string{"refused", fmt.Sprintf("%d: %s", v.Status, v.Rule)})
	default:
		facts = append(facts, [2]string{"route", found.Path + ": " + v.Why}, [2]string{"goes to", v.Method + " " + *v.Target}, [2]string{"session", sessionText(found)}, [2]string{"limits", limitsText(found)})
	}
	out.facts("", facts...)
	if found == nil {
		return out.close()
	}
	if err := out.close(); err != nil || !p.explains() {
		return err
	}
	return p.explainHeaders(route.Table{*found})
}

// askedRequest returns the request in the arguments: a URL or a path, and --method. origin is that
// of the URL, as BASE_URL would be written, or "".
func (p *program) askedRequest(base *url.URL) (r *http.Request, origin string, err error) {
	text := p.given.args[0]
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return nil, "", usageError(settings.Show(text) + " is not a URL of the BFF; use one like http://localhost:3000/api/proxy/me/tasks, or its path")
	}
	if u.Host != "" {
		if u.Scheme == "" {
			u.Scheme = base.Scheme
		}
		origin = originOf(u)
	}
	u.Scheme, u.Host, u.User, u.Fragment, u.RawFragment = "", "", nil, "", ""
	method := http.MethodGet
	if given, is := p.given.options["method"]; is {
		method = strings.ToUpper(given)
	}
	if !values.IsToken(method) {
		return nil, "", usageError("--method=" + settings.Show(method) + " is not a method; use one like POST")
	}
	return &http.Request{Method: method, URL: u, Header: http.Header{}}, origin, nil
}

// asWritten returns the path and query of u. Its method RequestURI would escape the whole path again
// if one character lacks its escape.
func asWritten(u *url.URL) string {
	text := cmp.Or(u.RawPath, u.EscapedPath())
	if u.RawQuery != "" || u.ForceQuery {
		text += "?" + u.RawQuery
	}
	return text
}

// originOf returns the origin of a URL in the form that browsers send.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	for of, port := range map[string]string{"http": ":80", "https": ":443"} {
		if scheme == of {
			host = strings.TrimSuffix(host, port)
		}
	}
	return scheme + "://" + host
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
	rest, ours := proxy.Below(r.URL, found)
	if !ours {
		v.Status, v.Why = http.StatusNotFound, "the URL begins with its path only after its escapes are decoded"
		v.Rule = proxy.EveryPath + " have no escapes in the part that chooses the route"
		return
	}
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
	below := path == "/api" || strings.HasPrefix(path, "/api/")
	if below {
		status = http.StatusNotFound
	}
	like := table.Lookalike(path)
	switch {
	case route.IsOwn(strings.TrimSuffix(path, "/")):
		return 0, "it is a path of the BFF itself"
	case like != nil:
		return status, difference(path, like.Path)
	case below:
		return status, "no route has a path with which the URL begins"
	}
	return status, "it is not below /api/, so it belongs to the app"
}

// difference says in what a path differs from the one of a route that it looks like.
func difference(path, route string) string {
	switch plain := web.Unescape(path); {
	case path+"/" == route:
		return "a slash is missing at its end: the path of the route is " + route
	case strings.HasPrefix(path, route):
		return "it could be read as a path of a longer route than " + route + ", because of an escape, a dot, a ; or upper case"
	case strings.HasPrefix(strings.ToLower(path)+"/", strings.ToLower(route)):
		return "only upper and lower case differ from the path of the route " + route + ", and case counts"
	case strings.HasPrefix(plain+"/", route):
		return "only escapes like %2F and %61 differ from the path of the route " + route + ": write it as it is"
	}
	return "servers that decode escapes, ignore case, merge slashes, or remove dots and what follows a ; could read it as a path of the route " + route + ", so write it as it is"
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

// askedHeaders returns the names of --header.
func (p *program) askedHeaders() (names []string, err error) {
	for entry := range strings.SplitSeq(p.given.options["header"], ",") {
		entry = strings.TrimSpace(entry)
		switch {
		case strings.Contains(entry, " "):
			return nil, usageError("--header=" + settings.Show(entry) + " has a space, which no header name has; write a comma between two names, like --header=X-Tenant,X-Trace")
		case entry != "":
			names = append(names, http.CanonicalHeaderKey(entry))
		}
	}
	return names, nil
}

// explainHeaders says which of the usual request headers, and of those given with --header, the
// routes forward.
func (p *program) explainHeaders(table route.Table) error {
	further, err := p.askedHeaders()
	if err != nil {
		return err
	}
	names := append(proxy.UsualHeaders(), further...)
	out := p.output()
	for i, r := range table {
		seen := map[string]bool{}
		var facts [][2]string
		for _, name := range slices.Concat(names, r.ForwardHeaders) {
			if seen[name] {
				continue
			}
			seen[name] = true
			passes, why := proxy.ExplainHeader(name, &r)
			forwarded := "no: "
			if passes {
				forwarded = "yes: "
			}
			out.row(headerJSON{r.Path, name, passes, why})
			facts = append(facts, [2]string{name, forwarded + why})
		}
		if i > 0 || len(p.given.args) > 0 {
			out.heading("")
		}
		out.heading("headers that " + r.Path + " forwards")
		out.facts("  ", facts...)
	}
	return out.close()
}
