package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"vestibule/internal/web"
)

// signOutPath changes nothing without a session, and always sets a cookie: it clears it.
const signOutPath = "/api/auth/sign-out"

// plainHTTP checks that what answers https does not answer http too. Nothing is wrong if nothing
// listens there.
func (s *Site) plainHTTP(ctx context.Context) []Result {
	if s.URL.Scheme != "https" || s.URL.Port() != "" {
		return nil
	}
	a, err := s.sendTo(ctx, "http://"+s.URL.Host, http.MethodGet, "/api/auth/ok", nil)
	switch {
	case err != nil:
		return ok("nothing answers plain http")
	case a.status == http.StatusOK && bytes.Contains(a.body, []byte(`"ok":true`)):
		return warning(proxyInFront, "answers http://"+s.URL.Host+" too, without a redirect", "let it redirect http to https")
	}
	return ok("plain http does not lead to Vestibule")
}

// origins checks that the header Origin arrives as it is. Without it, a form of another site
// could send requests with the user's cookie.
func (s *Site) origins(ctx context.Context) []Result {
	a, err := s.send(ctx, http.MethodPost, signOutPath, nil, "Origin", strangeOrigin)
	switch {
	case err != nil:
		return unclear(err)
	case a.status == http.StatusOK:
		return failure(proxyInFront, "removes or replaces the header Origin, so Vestibule takes requests of other sites for its own", "let it pass Origin on as it is")
	case a.busy():
		return unclear(errBusy)
	case a.code() != "INVALID_ORIGIN":
		return ok("a request of another site is refused, by something in front (status %d)", a.status)
	case !s.matches():
		return ok("a request of another site is refused")
	}
	a, err = s.send(ctx, http.MethodPost, signOutPath, nil, "Origin", s.origin())
	if err == nil && a.code() == "INVALID_ORIGIN" {
		return failure(proxyInFront, "changes the header Origin, so requests of the own pages are refused", "let it pass Origin on as it is")
	}
	return ok("a request of another site is refused")
}

// methods checks that the methods of an API pass. The foreign origin makes Vestibule refuse them
// before anything happens.
func (s *Site) methods(ctx context.Context) []Result {
	if a, err := s.send(ctx, http.MethodPost, probePath, nil, "Origin", strangeOrigin); err == nil && a.code() == "" {
		return nil // something in front refuses strangers, whatever the method
	}
	var stopped []string
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		a, err := s.send(ctx, method, probePath, nil, "Origin", strangeOrigin)
		if err != nil {
			return unclear(err)
		}
		if a.code() == "" && (a.status == http.StatusMethodNotAllowed || a.status == http.StatusNotImplemented || a.status == http.StatusForbidden) {
			stopped = append(stopped, method)
		}
	}
	if stopped != nil {
		return warning(proxyInFront, "refuses the methods "+strings.Join(stopped, ", ")+" itself", "let it pass them on; APIs need them")
	}
	return ok("PUT, PATCH and DELETE arrive")
}

// cookies checks the attributes of the cookie when it arrives.
func (s *Site) cookies(ctx context.Context) []Result {
	a, err := s.send(ctx, http.MethodPost, signOutPath, nil)
	if err != nil {
		return unclear(err)
	}
	if a.status != http.StatusOK {
		return nil // something in front wants more of a request
	}
	cookie := cleared(a.header)
	if cookie == nil {
		return failure(proxyInFront, "removes Set-Cookie, so nobody can sign in", "let it pass Set-Cookie on as it is")
	}
	if lost := s.lost(cookie); lost != nil {
		return failure(proxyInFront, "changes the session cookie: "+strings.Join(lost, ", "), "let it pass Set-Cookie on as it is (nginx: no proxy_cookie_ directives)")
	}
	return ok("the session cookie arrives with all its attributes")
}

// cleared returns the session cookie, which the answer clears. Proxies add cookies of their own.
func cleared(h http.Header) *http.Cookie {
	for _, line := range h.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil && c.Value == "" && c.MaxAge < 0 {
			return c
		}
	}
	return nil
}

func (s *Site) lost(c *http.Cookie) (lost []string) {
	note := func(is bool, what string) {
		if is {
			lost = append(lost, what)
		}
	}
	https := s.claimsHTTPS()
	note(https && !c.Secure, "it has no Secure")
	note(https && !strings.HasPrefix(c.Name, "__Host-") && !strings.HasPrefix(c.Name, "__Secure-"), "its name has no __Host-")
	note(!c.HttpOnly, "it has no HttpOnly, so scripts can read it")
	note(c.SameSite == 0 || c.SameSite == http.SameSiteDefaultMode, "it has no SameSite")
	note(c.Domain != "", "it has a Domain, so other hosts get it")
	note(c.Path != "/", "its Path is not /")
	return lost
}

// redirects checks that redirects lead to where browsers are.
func (s *Site) redirects(ctx context.Context) []Result {
	a, err := s.get(ctx, "/api/auth/reset-password/vestibule-doctor?callbackURL=/")
	if err != nil {
		return unclear(err)
	}
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || to.Host == "" || a.status/100 != 3 || !s.matches() {
		return nil // the check of the address has said it
	}
	if got := to.Scheme + "://" + to.Host; got != s.origin() {
		return failure(proxyInFront, "changes redirects: they lead to "+heard(got), "let it pass Location on as it is (nginx: proxy_redirect off)")
	}
	return ok("redirects stay at %s", s.origin())
}

// errorAnswers checks that apps get our errors, whose codes they read.
func (s *Site) errorAnswers(ctx context.Context) []Result {
	a, err := s.get(ctx, "/api/auth/vestibule-doctor")
	switch {
	case err != nil:
		return unclear(err)
	case a.busy():
		return unclear(errBusy)
	case a.code() == "NOT_FOUND":
		return ok("errors arrive with their codes")
	case a.status != http.StatusNotFound && a.status != http.StatusOK:
		return nil // something in front refuses strangers
	}
	return warning(proxyInFront, fmt.Sprintf("replaces errors: where nothing is, it answers with status %d and without the code NOT_FOUND", a.status),
		"let it pass errors on as they are (nginx: proxy_intercept_errors off)")
}

// webSockets checks that handshakes arrive as such. That of a foreign origin is refused, and a
// plain GET is not.
func (s *Site) webSockets(ctx context.Context) []Result {
	if !s.routed.Load() {
		return nil
	}
	a, err := s.get(ctx, probePath+"-socket", "Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dmVzdGlidWxlLWRvY3Rvcg==", "Origin", strangeOrigin)
	switch {
	case err != nil:
		return unclear(err)
	case a.code() == "NO_SESSION":
		return warning(proxyInFront, "drops the headers Upgrade and Connection, so no WebSocket can be opened",
			"let it pass them on (docs/deploy.md); if no API has WebSockets, nothing is lost")
	}
	return ok("WebSocket handshakes arrive")
}

// defaultBodyLimit is that of PROXY_BODY_LIMIT. No larger body is sent.
const defaultBodyLimit = 10 << 20

// bodies checks that a body just below our limit passes. Vestibule refuses the foreign origin
// before it reads the body.
func (s *Site) bodies(ctx context.Context) []Result {
	size := min(s.BodyLimit, defaultBodyLimit) - 1<<10
	if !s.routed.Load() || size <= 0 {
		return nil
	}
	res, _, err := s.open(ctx, s.origin(), http.MethodPost, probePath, &zeros{left: size},
		"Origin", strangeOrigin, "Content-Type", "application/octet-stream", "Expect", "100-continue")
	if err != nil {
		return nil // some servers refuse a body by closing the connection, and so do we
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	a := answer{status: res.StatusCode, body: body}
	switch {
	case a.code() != "":
		return ok("a body of %s passes, or is refused by Vestibule", size64(size))
	case a.status == http.StatusRequestEntityTooLarge:
		return warning(proxyInFront, fmt.Sprintf("refuses a body of %s, which is less than PROXY_BODY_LIMIT", size64(size)),
			"raise its limit (nginx: client_max_body_size 11m); if you have set PROXY_BODY_LIMIT, give it here too")
	}
	return nil
}

func size64(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// zeros is a body.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

// clients finds a proxy that TRUSTED_PROXIES does not name. Vestibule keeps the request id of a
// trusted sender only.
func (s *Site) clients(ctx context.Context) []Result {
	if s.URL.Scheme != "https" { // Vestibule itself speaks no TLS, so with https there is a proxy
		return nil
	}
	const id = "vestibule-doctor-asks"
	a, err := s.get(ctx, "/api/auth/ok", web.RequestIDHeader, id)
	switch {
	case err != nil:
		return unclear(err)
	case a.header.Get(web.RequestIDHeader) == id:
		return ok("TRUSTED_PROXIES names the proxy in front")
	case web.OwnRequestID(a.header.Get(web.RequestIDHeader)):
		return warning("TRUSTED_PROXIES", "does not name the proxy in front, so all clients count as one, and the wrong passwords of one block all",
			"list the address of the proxy; if the proxy removes X-Request-Id from requests, this says nothing")
	}
	return nil // the proxy has ids of its own
}
