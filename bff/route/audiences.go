package route

import (
	"net/url"
	"slices"
)

// SharedAudience is an audience of routes that lead to different servers. Each of these APIs can
// use a user's token at the others.
type SharedAudience struct {
	Audience string
	Paths    []string // of the routes
}

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
		base := r.Base(backend)
		if server := base.Scheme + "://" + RedirectHost(base); !slices.Contains(servers[r.Audience], server) {
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
