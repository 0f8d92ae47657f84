package route

import (
	"net/url"
	"slices"
	"strings"
)

// Server names the server of a route: two routes to one server have the same name. backend is
// BACKEND_URL.
func (r *Route) Server(backend *url.URL) string {
	base := r.Base(backend)
	return base.Scheme + "://" + RedirectHost(base)
}

// Servers returns to how many servers the routes lead.
func (t Table) Servers(backend *url.URL) int {
	servers := map[string]bool{}
	for i := range t {
		servers[t[i].Server(backend)] = true
	}
	return len(servers)
}

// SharedAudience is an audience of routes that lead to different servers. Each of these APIs can
// use a user's token at the others.
type SharedAudience struct {
	Audience string
	Paths    []string // of the routes
}

// Problem says what an audience that several APIs accept means, and SharedCure what to do.
func (s SharedAudience) Problem() string {
	return "the routes " + strings.Join(s.Paths, " and ") + " lead to different servers and share the audience " + s.Audience + ", so each of these APIs can use tokens of users at the others"
}

// SharedCure is what an operator can do about it.
const SharedCure = "give each API an audience of its own"

// SharedAudiences returns the audiences that routes to different servers share. Routes to one
// server may share an audience, and routes without a session have no tokens. backend is
// BACKEND_URL.
func (t Table) SharedAudiences(backend *url.URL) (shared []SharedAudience) {
	servers := map[string][]string{} // the servers of an audience
	paths := map[string][]string{}
	var audiences []string
	for i := range t {
		r := &t[i]
		if r.Session == None {
			continue
		}
		if server := r.Server(backend); !slices.Contains(servers[r.Audience], server) {
			servers[r.Audience] = append(servers[r.Audience], server)
		}
		if paths[r.Audience] == nil {
			audiences = append(audiences, r.Audience)
		}
		paths[r.Audience] = append(paths[r.Audience], r.Path)
	}
	for _, audience := range audiences {
		if len(servers[audience]) > 1 {
			shared = append(shared, SharedAudience{audience, paths[audience]})
		}
	}
	return shared
}
