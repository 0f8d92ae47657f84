package route

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// checkRow checks the members of a route together. It skips a rule if one of its members has
// a mistake already.
func (p *parser) checkRow(r *row, object node) {
	for _, check := range []func(*row) (name string, f Fault){
		p.checkHTTP, p.checkAudience, checkWebSocket,
	} {
		if name, f := check(r); f.Problem != "" {
			p.refuseMember(r, object, name, f)
		}
	}
	if _, given := r.fields["path"]; !given {
		p.refuseMember(r, object, "", Fault{Problem: "lacks a path", Cure: `add one like "path":"/api/billing/"`})
	}
	if r.Session == None && !r.bad["session"] {
		for _, name := range []string{"audience", "scope", "claims", "me"} {
			if n, given := r.fields[name]; given && n.kind != 'f' {
				p.refuseMember(r, object, name, Fault{Problem: "has no effect without a session, because nothing says who the user is", Cure: `leave it out, or use "session":"optional"`})
			}
		}
	}
}

// refuseMember records a mistake in a member, or in the whole route if name is "".
func (p *parser) refuseMember(r *row, object node, name string, f Fault) {
	f.Place, f.offset = r.place, object.at
	if name != "" {
		f.Place, f.offset = r.place+"."+name, r.fields[name].at
	}
	p.refuse(f)
}

// checkHTTP refuses tokens and data of users in clear on a network, and a permission for it that
// nothing needs.
func (p *parser) checkHTTP(r *row) (string, Fault) {
	allowed := r.fields["allow_http"].kind == 't'
	switch {
	case r.bad["upstream"] || r.bad["allow_http"] || r.AllowsHTTP() == allowed:
		return "", Fault{}
	case allowed:
		return "allow_http", Fault{Problem: "has no effect: it is for an upstream with http on another machine", Cure: "leave it out"}
	}
	return "upstream", Fault{
		Value: r.fields["upstream"].text, Problem: "is not https, and not on this machine: others on the network could read tokens and data of users",
		Cure: `use https, or add "allow_http":true if nobody else can listen on that network`,
	}
}

// checkAudience gives each route with tokens an audience. An API must not get tokens that
// another API would accept, so that of the default API is no default for others.
func (p *parser) checkAudience(r *row) (string, Fault) {
	upstream, foreign := r.fields["upstream"]
	_, given := r.fields["audience"]
	switch {
	case r.bad["audience"] || r.bad["session"] || r.Session == None:
	case !given && foreign && upstream.kind == '"':
		return "", Fault{Problem: "lacks an audience for its tokens", Cure: `add the aud claim that this API requires, like "audience":"billing", or "session":"none" if it needs no tokens`}
	case !given:
		r.Audience = p.defaults.Audience
	case !foreign && p.defaults.Backend == nil && r.Audience != p.defaults.Audience:
		return "audience", Fault{Value: r.Audience, Problem: "is not JWT_AUDIENCE, which the task API requires", Cure: "leave it out, or name the upstream that requires it"}
	}
	return "", Fault{}
}

func checkWebSocket(r *row) (string, Fault) {
	if r.WebSocket && r.Methods != nil && !r.bad["methods"] && !slices.Contains(r.Methods, http.MethodGet) {
		return "websocket", Fault{Problem: "has no effect: a WebSocket begins with GET, which methods does not list", Cure: "add GET to methods, or leave websocket out"}
	}
	return "", Fault{}
}

// checkTable refuses routes that could take each other's requests, at least for a server that
// ignores case.
func (p *parser) checkTable(rows []row) {
	for i, a := range rows {
		if a.Path == "" || a.bad["path"] {
			continue
		}
		for _, b := range rows[:i] {
			if b.Path == "" || b.bad["path"] {
				continue
			}
			if problem, cure := collision(a.Path, b.Path, b.place); problem != "" {
				p.refuse(Fault{Place: a.place + ".path", offset: a.fields["path"].at, Value: a.Path, Problem: problem, Cure: cure})
			}
		}
		for _, longer := range rows {
			if rest, below := strings.CutPrefix(longer.Path, a.Path); below && rest != "" && !longer.bad["path"] {
				p.checkPatterns(a, rest, longer.place)
			}
		}
	}
}

// collision says why path cannot stand beside the path of an earlier route.
func collision(path, earlier, place string) (problem, cure string) {
	a, b := strings.ToLower(path), strings.ToLower(earlier)
	switch {
	case path == earlier:
		return "is the path of " + place + " too", "give each route a path of its own"
	case a == b:
		return "differs from the path of " + place + " only in case, which some servers ignore", "give each route a path of its own"
	case strings.HasPrefix(a, b) != strings.HasPrefix(path, earlier):
		return "is below the path of " + place + " for servers that ignore case", "write their common part alike, or choose another path"
	case strings.HasPrefix(b, a) != strings.HasPrefix(earlier, path):
		return "is above the path of " + place + " for servers that ignore case", "write their common part alike, or choose another path"
	}
	return "", ""
}

// checkPatterns refuses patterns of a route whose paths all belong to a longer one. rest is the
// longer route's path below that of r.
func (p *parser) checkPatterns(r row, rest, longer string) {
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if r.bad["paths"] {
		return
	}
	for i, pattern := range r.Paths {
		if len(pattern.segments) >= len(segments) && slices.Equal(pattern.segments[:len(segments)], segments) {
			p.refuse(Fault{
				Place: fmt.Sprintf("%s.paths[%d]", r.place, i), offset: r.fields["paths"].items[i].at, Value: pattern.text,
				Problem: "never matches, because these paths belong to the longer route " + longer, Cure: "move it there",
			})
		}
	}
}
