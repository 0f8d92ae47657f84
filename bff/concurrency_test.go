package bff_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/opaque"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// at returns a visitor that connects from another address of this machine.
func (s *site) at(ip string) *visitor {
	s.t.Helper()
	v := s.visitor()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	transport := &http.Transport{DialContext: d.DialContext}
	s.t.Cleanup(transport.CloseIdleConnections)
	v.client.Transport = transport
	return v
}

// TestRequestsOfOneClientAreBounded: when a client has the most requests that it may have, in
// progress and in the queue, every operation that does work refuses the next one. Other
// clients are served.
func TestRequestsOfOneClientAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.ExposeToken = true })
	v, other := s.visitor(), s.at("127.0.0.2")
	v.signUp("ada@example.com")
	anonymous, signedIn := s.server.FillWork("127.0.0.1", ""), s.server.FillWork("127.0.0.1", v.cookieHeader())
	leave := func() { anonymous(); signedIn() }
	defer leave()
	waittest.Until(t, "all places are taken", func() bool { return s.server.Requests() == bff.WorkOfOneClient+bff.WorkOfOneSession })
	free := map[string]bool{"/api/auth/ok": true, "/api/auth/error": true, "/api/auth/jwks": true, "/api/auth/link/{file}": true}
	for _, route := range operations() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/api/auth/") || free[path] {
			continue
		}
		body, header := contract.Body(t, route), []string{}
		want := "TOO_MANY_REQUESTS"
		if method == "POST" && strings.HasPrefix(path, "/api/auth/oauth2/") {
			body, header, want = "grant_type=client_credentials", []string{"Content-Type", "application/x-www-form-urlencoded"}, "temporarily_unavailable"
		}
		if path == userInfoPath {
			want = "temporarily_unavailable"
		}
		path = strings.Replace(path, "{token}", opaque.NewToken(), 1)
		if a := v.want(v.do(method, path, body, header...), 429, want); a.header.Get("Retry-After") != "1" || a.header.Get("X-Retry-After") != "1" {
			t.Errorf("%s: got Retry-After %q", route, a.header.Get("Retry-After"))
		}
		if method == "GET" { // an unread body does not get around the bound
			v.want(v.do(method, path, "{}"), 429, want)
		}
	}
	other.signUp("bob@example.com")
	other.want(other.do("GET", "/api/auth/get-session", ""), 200, "bob@example.com")
	for path := range free {
		if a := v.do("GET", path, ""); a.status == 429 {
			t.Errorf("%s: got 429, want an answer: it comes from memory", path)
		}
	}
	v.want(v.do("GET", "/api/proxy/x", ""), 200, "")
	leave()
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	waittest.Until(t, "all places are free", func() bool { return s.server.Requests() == 0 })
}

// TestSignedInUsersDoNotWaitForStrangers: a session has separate places from the strangers and
// the other sessions of its address. All sessions of one address together are bounded too.
func TestSignedInUsersDoNotWaitForStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v, greedy, stranger := s.visitor(), s.visitor(), s.visitor()
	v.signUp("ada@example.com")
	greedy.signUp("greedy@example.com")
	cookie := greedy.cookieHeader()
	anonymous, inSession := s.server.FillWork("127.0.0.1", ""), s.server.FillWork("127.0.0.1", cookie)
	defer anonymous()
	defer inSession()
	waittest.Until(t, "all places are taken", func() bool { return s.server.Requests() == bff.WorkOfOneClient+bff.WorkOfOneSession })
	for _, refused := range []*visitor{greedy, stranger} {
		refused.want(refused.do("GET", "/api/auth/get-session", ""), 429, "TOO_MANY_REQUESTS")
	}
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "true")
	leave := s.server.FillSessions("127.0.0.1")
	v.want(v.do("GET", "/api/auth/get-session", ""), 429, "TOO_MANY_REQUESTS")
	leave()
	v.want(v.do("POST", "/api/auth/logout", ""), 200, "true")
}

// TestAnIncompleteBodyTakesNoPlace: a request takes a place only after its body has arrived.
func TestAnIncompleteBodyTakesNoPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	var held []net.Conn
	for range 2 * bff.WorkOfOneClient / 3 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		body := `{"email":"nobody@example.com","password":"wrong horse"}`
		if _, err := fmt.Fprintf(c, "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:20]); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	v.signIn("ada@example.com", "paper-lantern-42")
	if n := s.server.Requests(); n != 0 {
		t.Errorf("got %d requests in progress whose bodies have not arrived, want 0", n)
	}
	if err := held[0].SetDeadline(time.Now().Add(waittest.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(held[0], `xample.com","password":"wrong horse"}`); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("HTTP/1.1 401"))
	if _, err := io.ReadFull(held[0], answer); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
		t.Errorf("got %q, %v, want the answer to the complete body", answer, err)
	}
}

// TestLookupsForStrangersAreBounded: look-ups by tokens and ids that anyone can make up.
func TestLookupsForStrangersAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v, other := s.visitor(), s.at("127.0.0.2")
	v.signUp("ada@example.com")
	raw := v.userToken()
	leave := s.server.FillLookups("127.0.0.1")
	defer leave()
	waittest.Until(t, "all places are taken", func() bool { return s.server.Lookups() == s.server.LookupsOfOneClient() })
	token := opaque.NewToken()
	for _, ask := range []struct{ method, path, body string }{
		{"GET", "/api/auth/verify-email?token=" + token, ""},
		{"POST", "/api/auth/verify-email", `{"token":"` + token + `"}`},
		{"GET", "/api/auth/reset-password/" + token + "?callbackURL=/welcome", ""},
		{"POST", "/api/auth/reset-password", `{"token":"` + token + `","newPassword":"another horse"}`},
		{"GET", "/api/auth/undo-email?token=" + token, ""},
		{"POST", "/api/auth/undo-email", `{"token":"` + token + `","newPassword":"another horse"}`},
	} {
		if a := v.do(ask.method, ask.path, ask.body); a.status == 302 || a.status != 429 {
			t.Errorf("%s %s: got %d %s %s, want 429", ask.method, ask.path, a.status, a.header.Get("Location"), a.body)
		}
	}
	form := "grant_type=client_credentials&client_id=svc_x&client_secret=vcs_x"
	a := v.do("POST", "/api/auth/oauth2/token", form, "Content-Type", "application/x-www-form-urlencoded")
	v.want(a, 429, "temporarily_unavailable")
	v.want(s.userInfo(raw), 429, "temporarily_unavailable") // its session may have ended
	other.want(other.do("GET", "/api/auth/verify-email?token="+token, ""), 401, "INVALID_TOKEN")
	leave()
	v.want(v.do("GET", "/api/auth/verify-email?token="+token, ""), 401, "INVALID_TOKEN")
}

// TestRateLimitOffRemovesTheBounds: measurements send all requests from one address.
func TestRateLimitOffRemovesTheBounds(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.RateLimitOff = true })
	v := s.visitor()
	v.signUp("ada@example.com")
	for _, leave := range []func(){s.server.FillWork("127.0.0.1", ""), s.server.FillLookups("127.0.0.1")} {
		defer leave()
	}
	waittest.Until(t, "all places are taken", func() bool {
		return s.server.Requests() == bff.WorkOfOneClient && s.server.Lookups() == s.server.LookupsOfOneClient()
	})
	s.server.DelayRefusals("127.0.0.1")
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	stranger := s.visitor() // without a session, it has only the places of its address
	stranger.want(stranger.do("GET", "/api/auth/get-session", ""), 200, "null")
	unknownLink := "/api/auth/verify-email?token=" + opaque.NewToken()
	stranger.want(stranger.do("GET", unknownLink, ""), 401, "")
	if s.isDelayed("GET", unknownLink) {
		t.Error("a refusal is delayed")
	}
}
