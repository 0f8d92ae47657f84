package doctor

import (
	"bytes"
	"context"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"vestibule/internal/web"
)

// inside are the addresses that only some may reach, by the setting: what to ask, and how our
// answer is known.
var inside = map[string]struct {
	path   string
	answer string
	risk   string
}{
	"ADMIN_ADDR":        {"/livez", `{"status":"ok"}`, "anybody can see the state of the process"},
	"API_ADDR":          {"/openapi.json", `"Vestibule task API"`, "the API is meant for the BFF and internal services"},
	"BFF_ADDR":          {"/api/auth/ok", `"ok":true`, "anybody can get past the proxy in front"},
	"FORWARD_AUTH_ADDR": {"/verify", `"FORWARDED_HEADERS"`, "whoever gets a cookie can exchange it for a token"},
}

// ports checks that these addresses cannot be reached at the host of the URL. On this machine and
// in a private network they may be.
func (s *Site) ports(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	host := s.URL.Hostname()
	ip, err := netip.ParseAddr(host)
	ips := []netip.Addr{ip}
	if err != nil {
		if ips, err = s.lookup(ctx, host); err != nil {
			return nil
		}
	}
	if s.local() || slices.ContainsFunc(ips, netip.Addr.IsLoopback) {
		return nil
	}
	public := slices.ContainsFunc(ips, func(ip netip.Addr) bool { _, is := web.PublicAddr(ip); return is })
	names := slices.Sorted(maps.Keys(s.Ports))
	open := make([]bool, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		address := net.JoinHostPort(host, s.Ports[name])
		if s.Ports[name] == "" || address == withPort(s.URL) {
			continue
		}
		asking.Go(func() {
			a, err := s.sendTo(ctx, "http://"+address, http.MethodGet, inside[name].path, nil)
			open[i] = err == nil && a.header.Get(web.RequestIDHeader) != "" && bytes.Contains(a.body, []byte(inside[name].answer))
		})
	}
	asking.Wait()
	var found []Result
	for i, name := range names {
		if !open[i] {
			continue
		}
		problem := "can be reached from here at " + net.JoinHostPort(host, s.Ports[name]) + ": " + inside[name].risk
		const cure = "use a loopback host or a private address, or let a firewall admit only those who need it"
		if public {
			found = append(found, failure(name, problem, cure)...)
		} else {
			found = append(found, warning(name, problem, cure)...)
		}
	}
	return orElse(found, "the internal addresses cannot be reached at their usual ports")
}

// internals checks that the paths of the admin address do not answer at the URL. An app answers
// every path, so only the content counts.
func (s *Site) internals(ctx context.Context) []Result {
	var found []string
	for _, p := range []struct{ path, answer string }{
		{"/livez", `{"status":"ok"}`}, {"/healthz", `"checks":{`}, {"/metrics", "# HELP vestibule_"}, {"/metrics", "# HELP go_"}, {"/debug/pprof/", "Types of profiles available"},
	} {
		a, err := s.get(ctx, p.path)
		if err != nil {
			return unclear(err)
		}
		if a.status < 400 && bytes.Contains(a.body, []byte(p.answer)) && !slices.Contains(found, p.path) {
			found = append(found, p.path)
		}
	}
	if found != nil {
		return failure(proxyInFront, "passes paths of ADMIN_ADDR on: "+strings.Join(found, ", "), "let it pass everything on to BFF_ADDR only")
	}
	return ok("no path of ADMIN_ADDR answers")
}
