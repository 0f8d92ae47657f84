package doctor

import (
	"context"
	"net/url"
	"sync"
	"time"

	"vestibule/bff/route"
)

// upstreams checks that something answers HTTP at each upstream of ROUTES, whatever the status.
// They are asked at the same time, because several silent ones would take longer than a check
// may.
func (in *Installation) upstreams(ctx context.Context) (found []Result) {
	servers := serversOf(in.Settings.BFF.Routes)
	results := make([][]Result, len(servers))
	var asking sync.WaitGroup
	for i, u := range servers {
		asking.Go(func() { results[i] = askUpstream(ctx, u) })
	}
	asking.Wait()
	for _, r := range results {
		found = append(found, r...)
	}
	return orElse(found, "an answer of %s", Counted(len(servers), "upstream"))
}

// serversOf returns the upstreams with different scheme, host or port.
func serversOf(table route.Table) (servers []*url.URL) {
	seen := map[string]bool{}
	for _, r := range table {
		if u := r.Upstream; u != nil && !seen[u.Scheme+u.Host] {
			seen[u.Scheme+u.Host] = true
			servers = append(servers, u)
		}
	}
	return servers
}

func askUpstream(ctx context.Context, u *url.URL) []Result {
	asked := time.Now()
	header, err := ask(ctx, u.String())
	if err != nil {
		return failure("ROUTES", "names the upstream "+u.Scheme+"://"+u.Host+", which does not answer ("+reason(err)+")", "start the API, or correct the scheme, host and port")
	}
	return clocks("ROUTES", header, asked, time.Now())
}

// usesDefaultAPI reports whether a route leads to the API at BACKEND_URL.
func usesDefaultAPI(table route.Table) bool {
	for _, r := range table {
		if r.Upstream == nil {
			return true
		}
	}
	return len(table) == 0
}
