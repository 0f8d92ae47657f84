package daemon

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"vestibule/internal/web"
)

// Any page can make its own name lead to this machine (DNS rebinding). For a browser it then has
// the same origin as an admin server at localhost, and could read metrics and profiles. But its
// requests name the page's host. An address is no such name, and nobody else has the name localhost.
//
// A server at another address is left alone: Prometheus may know it by any name, and browsers
// outside of its network do not reach it. So are probes, which say next to nothing.

var errOtherHost = web.Refuse(http.StatusForbidden, "INVALID_HOST",
	"The admin server is at a loopback host, and answers only to localhost and to IP addresses. Use one of them, or set ADMIN_ADDR to another address.")

// refusingRebinding refuses requests to other hosts.
func (a *admin) refusingRebinding(next http.Handler) http.Handler {
	return web.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if a.loopback && !isProbe(r.URL.Path) && !isOwnHost(r.Host) {
			return errOtherHost
		}
		next.ServeHTTP(w, r)
		return nil
	}, writeAdminError)
}

func isProbe(path string) bool { return path == "/livez" || path == "/readyz" || path == "/healthz" }

// isOwnHost accepts a Host header that no other site can have. Old clients send none.
func isOwnHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	_, err := netip.ParseAddr(host)
	return host == "" || err == nil || web.Loopback(strings.ToLower(host))
}

// atLoopback reports whether s listens at a loopback address.
func (s *server) atLoopback() bool {
	listens, err := netip.ParseAddrPort(s.addr().String())
	return err == nil && listens.Addr().IsLoopback()
}
