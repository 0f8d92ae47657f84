package bff_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// forwardAuth serves forward auth, and returns its URL.
func (s *site) forwardAuth() string {
	s.t.Helper()
	srv := httptest.NewServer(s.server.ForwardAuth())
	s.t.Cleanup(srv.Close)
	return srv.URL
}

// ask asks at auth, as a proxy does, about a request of the visitor.
func (v *visitor) ask(auth, method, uri string, header http.Header) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, auth+"/verify", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("X-Forwarded-Method", method)
	r.Header.Set("X-Forwarded-Uri", uri)
	return v.send(r)
}

func TestForwardAuthSaysWhoTheUserIs(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		auth, v := s.forwardAuth(), s.visitor()
		a := v.want(v.ask(auth, "GET", "/orders/1?x=2", nil), 401, `"code":"NO_SESSION"`)
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			s.t.Errorf("a refusal: got Cache-Control %q", got)
		}
		v.signUp("ada@example.com")
		user := s.userBy("ada@example.com")
		proxied := v.want(v.do("GET", "/api/proxy/x", ""), 200, "Bearer ").body
		_, token, _ := strings.Cut(proxied, " Bearer ")
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			a := v.want(v.ask(auth, method, "/orders/1?x=2", nil), 204, "")
			for name, want := range map[string]string{
				"Authorization": "Bearer " + token, "X-User-Id": user.ID, "X-User-Email": "ada@example.com", "X-User-Email-Verified": "false",
				"Cache-Control": "no-store", "Set-Cookie": "",
			} {
				if got := strings.Join(a.header.Values(name), "|"); got != want {
					s.t.Errorf("%s: got %s %q, want %q", method, name, got, want)
				}
			}
			if a.body != "" {
				s.t.Errorf("%s: got body %q, want none", method, a.body)
			}
		}
		s.log.Want(s.t, `"surface":"forward-auth","method":"GET","path":"/verify","status":204`)
		s.log.Want(s.t, `"for_method":"PATCH","for_path":"/orders/1"}`)

		stolen := v.cookieHeader()
		forged := stolen[:len(stolen)-8] + "AAAAA%3D"
		x := s.visitor()
		x.want(x.ask(auth, "GET", "/", http.Header{"Cookie": {forged}}), 401, "SESSION_EXPIRED")
		x.want(x.ask(auth, "GET", "/", http.Header{"Authorization": {"Bearer " + token}}), 401, "NO_SESSION")
		v.want(v.do("POST", "/api/auth/logout", ""), 200, "true")
		a = x.want(x.ask(auth, "GET", "/", http.Header{"Cookie": {stolen}}), 401, "")
		if a.header.Get("Authorization") != "" || strings.Contains(s.log.String(), token) {
			s.t.Error("the token is in the answer, or in the log")
		}
	})
}

// TestForwardAuthExtendsTheSession: a user who only uses the team's own application stays
// signed in.
func TestForwardAuthExtendsTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for range 4 {
		s.clock.Set(s.clock.Now().Add(6 * 24 * time.Hour))
		v.want(v.ask(auth, "GET", "/orders/", http.Header{"Cookie": {v.cookieHeader()}}), 204, "")
	}
	s.clock.Set(s.clock.Now().Add(8 * 24 * time.Hour))
	v.want(v.ask(auth, "GET", "/orders/", nil), 401, "")
}

// TestForwardAuthReadsTheUserOfTheSession: the address and whether it is verified are those
// of now.
func TestForwardAuthReadsTheUserOfTheSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		auth, v := s.forwardAuth(), s.visitor()
		v.signUp("ada@example.com")
		v.want(v.ask(auth, "GET", "/", nil), 204, "")
		user := s.userBy("ada@example.com")
		if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error {
			return tx.VerifyAddress(user.ID, s.clock.Now())
		}); err != nil {
			s.t.Fatal(err)
		}
		waittest.Until(s.t, "the address is verified", func() bool {
			return v.want(v.ask(auth, "GET", "/", nil), 204, "").header.Get("X-User-Email-Verified") == "true"
		})
	})
}

// TestForwardAuthIsAloneAtItsAddress, and is not at the BFF's.
func TestForwardAuthIsAloneAtItsAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.ExposeToken = true })
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for _, path := range []string{"/", "/verify/", "/verify/x", "/Verify", "//verify", "/api/verify", "/api/auth/session", "/api/auth/token", "/api/proxy/x", "/livez"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, auth+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/"}}
		v.want(v.send(r), 404, "NOT_FOUND")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, auth+"/verify", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/"}}
	v.want(v.send(r), 405, "METHOD_NOT_ALLOWED")
	for _, path := range []string{"/verify", "/api/verify", "/api/auth/verify", "/api/proxy/verify"} {
		a := v.do("GET", path, "", "X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/")
		if a.status == 204 || a.header.Get("Authorization") != "" || a.header.Get("X-User-Id") != "" {
			t.Errorf("%s at the BFF: got %d with %v", path, a.status, a.header)
		}
	}
}

// TestForwardAuthHasTheBoundsOfOtherRequests: a session that has taken its places waits, and is
// refused.
func TestForwardAuthHasTheBoundsOfOtherRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	auth, v, greedy := s.forwardAuth(), s.visitor(), s.visitor()
	v.signUp("ada@example.com")
	greedy.signUp("greedy@example.com")
	defer s.server.FillWork("127.0.0.1", greedy.cookieHeader())()
	waittest.Until(t, "all places are taken", func() bool { return s.server.Requests() == bff.WorkOfOneSession })
	a := greedy.want(greedy.ask(auth, "GET", "/", nil), 429, "TOO_MANY_REQUESTS")
	if a.header.Get("Retry-After") == "" {
		t.Error("got no Retry-After")
	}
	v.want(v.ask(auth, "GET", "/", nil), 204, "")
}
