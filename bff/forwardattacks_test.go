package bff_test

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
)

// TestForwardAuthBelievesNothingElse: what other headers say about the request counts nothing.
func TestForwardAuthBelievesNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), shopRoutes("/api/"))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for name, values := range map[string][]string{
		"X-Forwarded-Host": {"evil.example", "evil.example"}, "X-Forwarded-Proto": {"https, http", "ftp"}, "X-Original-Url": {"/api/shop/orders/1"}, "X-Rewrite-Url": {"/api/shop/orders/1"},
		"X-Http-Method-Override": {"GET"}, "X-Method-Override": {"GET"}, "X-Forwarded-Prefix": {"/api/shop/orders"}, "X_forwarded_method": {"GET"}, "Forwarded": {"host=evil.example"},
	} {
		header := http.Header{name: values, "Origin": {"https://evil.example"}}
		v.want(v.ask(auth, "POST", "/orders/1", header), 403, "INVALID_ORIGIN")
		header.Del("Origin")
		v.want(v.ask(auth, "POST", "/api/shop/orders/1", header), 403, "METHOD_NOT_ALLOWED")
		v.want(v.ask(auth, "GET", "/api/shop/admin", header), 403, "NOT_FOUND")
		v.want(v.ask(auth, "GET", "/api/shop/orders/1", header), 204, "")
	}
	v.want(v.ask(auth, "GET\u202e", "/orders/1", nil), 403, "FORWARDED_HEADERS")
	v.want(v.ask(auth, "GET", "/orders/\u202e1", nil), 204, "")
	s.log.Want(t, `"for_path":"/orders/%E2%80%AE1"`)
	if strings.Contains(s.log.String(), "\u202e") {
		t.Error("the log has a mark that changes the reading direction")
	}
}

// TestForwardAuthOfSeveralSessions: of two live ones nobody knows which one is meant. One that has
// ended does not count, and its tokens are not handed out any more.
func TestForwardAuthOfSeveralSessions(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		auth, ada, eve, x := s.forwardAuth(), s.visitor(), s.visitor(), s.visitor()
		ada.signUp("ada@example.com")
		eve.signUp("eve@example.com")
		first, second := ada.cookieHeader(), eve.cookieHeader()
		with := func(lines ...string) http.Header { return http.Header{"Cookie": lines} }
		for _, both := range []http.Header{with(first + "; " + second), with(second + "; " + first), with(first, second)} {
			a := x.want(x.ask(auth, "GET", "/", both), 401, "SESSION_EXPIRED")
			if a.header.Get("Authorization") != "" || a.header.Get("X-User-Id") != "" {
				s.t.Errorf("two live sessions: got %v", a.header)
			}
		}
		x.want(x.ask(auth, "GET", "/", with(first)), 204, "")
		ada.want(ada.do("POST", "/api/auth/logout", ""), 200, "true")
		x.want(x.ask(auth, "GET", "/", with(first)), 401, "SESSION_EXPIRED")
		a := x.want(x.ask(auth, "GET", "/", with(first+"; "+second)), 204, "")
		if a.header.Get("X-User-Email") != "eve@example.com" {
			s.t.Errorf("one live session: got %v", a.header)
		}
	})
}

// TestForwardAuthIsOnlyAskedWithGET: the answer to another method has no token.
func TestForwardAuthIsOnlyAskedWithGET(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.TrustedOrigins = []string{"https://app.example.com"} })
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for _, method := range []string{"HEAD", "OPTIONS", "POST", "PUT", "TRACE"} {
		r, err := http.NewRequestWithContext(t.Context(), method, auth+"/verify", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{
			"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/"}, // as a page of a trusted origin would ask
			"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"x-forwarded-method,x-forwarded-uri"},
		}
		if a := v.send(r); a.status != 405 || a.header.Get("Authorization") != "" || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %d with %v", method, a.status, a.header)
		}
	}
}
