package web

import (
	"log/slog"
	"net/http"
	"sync"
)

// WarnForwarded logs a warning, once, when a request was forwarded but its client is
// unknown. All clients behind that proxy then count as one, and the limits block them
// together. It warns only once, because anybody can send such a request.
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

// unread returns the header that names a client but is ignored, and why.
func (c *ClientIPs) unread(r *http.Request) (header, problem string) {
	forwardedFor, forwarded := len(r.Header["X-Forwarded-For"]) > 0, len(r.Header["Forwarded"]) > 0
	if !forwardedFor && !forwarded {
		return "", ""
	}
	trusted := c.FromProxy(r)
	switch {
	case trusted && !forwardedFor:
		return "Forwarded", "a trusted proxy names its client only in Forwarded, which is not supported, so all its clients count as one: make it send X-Forwarded-For"
	case !trusted && forwardedFor:
		return "X-Forwarded-For", "an untrusted sender names its client, which is ignored: if it is your proxy, add it to TRUSTED_PROXIES, or all its clients count as one"
	case !trusted:
		return "Forwarded", "an untrusted sender names its client, which is ignored: if it is your proxy, add it to TRUSTED_PROXIES and make it send X-Forwarded-For, or all its clients count as one"
	}
	return "", ""
}
