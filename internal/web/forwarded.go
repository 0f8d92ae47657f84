package web

import (
	"log/slog"
	"net/http"
	"sync"
)

// WarnForwarded returns next and tells the log, once, of a request that was forwarded
// and whose client is not known all the same: then everybody behind that proxy is
// one client, whom the limits block together. Only the first is told of, since
// anybody can send such a request.
func (c *ClientIPs) WarnForwarded(log *slog.Logger, next http.Handler) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header, problem := c.unread(r); problem != "" {
			once.Do(func() {
				peer, _ := peerAddr(r)
				log.Warn(problem, "header", header, "sender", peer.String(), "setting", "TRUSTED_PROXIES", "request_id", RequestID(r))
			})
		}
		next.ServeHTTP(w, r)
	})
}

// unread says which header tells of a client that is not believed, and why.
func (c *ClientIPs) unread(r *http.Request) (header, problem string) {
	forwardedFor, forwarded := len(r.Header["X-Forwarded-For"]) > 0, len(r.Header["Forwarded"]) > 0
	trusted := c.FromProxy(r)
	switch {
	case !forwardedFor && !forwarded:
	case trusted && !forwardedFor:
		return "Forwarded", "a trusted proxy names its client in Forwarded alone, which is not read, so that all its clients count as one: have it send X-Forwarded-For"
	case !trusted && forwardedFor:
		return "X-Forwarded-For", "a sender that is not trusted names its client, and is not believed: if it is your proxy, list it in TRUSTED_PROXIES, or all its clients count as one"
	case !trusted:
		return "Forwarded", "a sender that is not trusted names its client, and is not believed: if it is your proxy, list it in TRUSTED_PROXIES and have it send X-Forwarded-For, or all its clients count as one"
	}
	return "", ""
}
