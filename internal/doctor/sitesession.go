package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// cookieFile is the option that gives a session.
const cookieFile = "--cookie-file"

const tasksPath = "/api/proxy/me/tasks"

// session checks that the cookie is that of a session. It does not extend it.
func (s *Site) session(ctx context.Context) []Result {
	a, err := s.get(ctx, peekPath+"&with=cookie", "Cookie", s.Cookie) // not what a cache has of a stranger
	switch {
	case err != nil:
		return unclear(err)
	case a.status != http.StatusOK:
		return a.strange()
	case strings.TrimSpace(string(a.body)) == "null":
		return failure(cookieFile, "has no cookie of a live session, or the proxy in front removes the header Cookie", "sign in, and copy the session cookie of this site from the browser")
	}
	s.member.Store(true)
	return ok("the session is live")
}

// api checks that the API accepts the tokens that the BFF makes.
func (s *Site) api(ctx context.Context) []Result {
	a, err := s.get(ctx, tasksPath+"?limit=1", "Cookie", s.Cookie)
	if err != nil {
		return unclear(err)
	}
	switch a.code() {
	case "UPSTREAM_REJECTED_TOKEN":
		return failure("JWT_ISSUER", "or another setting of tokens differs between the BFF and the API, which refuses its tokens",
			"give both the same BETTER_AUTH_SECRET (HS256), JWT_ALGORITHM, JWT_ISSUER and JWT_AUDIENCE, let JWKS_URL lead to the BFF (EdDSA, ES256), and synchronize the clocks")
	case "BAD_GATEWAY", "GATEWAY_TIMEOUT":
		return failure("BACKEND_URL", "leads to an API that does not answer", "start the API, or correct the address")
	}
	return ok("the API answers with status %d", a.status)
}

// quietLimit is how long an event stream may keep its first event. The API sends it at once.
const quietLimit = 10 * time.Second

// streams checks that events arrive at once. The first one has only a few bytes, so a proxy that
// collects answers keeps it.
func (s *Site) streams(ctx context.Context) []Result {
	limit := s.quiet
	if limit == 0 {
		limit = quietLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	res, _, err := s.open(ctx, s.origin(), http.MethodGet, tasksPath+"/events", nil, "Cookie", s.Cookie, "Accept", "text/event-stream", "Accept-Encoding", "gzip")
	silent := warning(proxyInFront, fmt.Sprintf("keeps events of streams: none arrived within %s", limit),
		"switch buffering and compression of text/event-stream off there (nginx: proxy_buffering off, or do not ignore X-Accel-Buffering)")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return silent
	case err != nil:
		return unclear(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return nil // another API
	}
	if n, err := res.Body.Read(make([]byte, 1)); n == 0 && err != nil {
		return silent
	}
	return ok("events arrive at once")
}
