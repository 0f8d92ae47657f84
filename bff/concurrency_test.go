package bff_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/opaque"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// at is a visitor at another address of this machine.
func (s *site) at(ip string) *visitor {
	s.t.Helper()
	v := s.visitor()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	transport := &http.Transport{DialContext: d.DialContext}
	s.t.Cleanup(transport.CloseIdleConnections)
	v.client.Transport = transport
	return v
}

// TestRequestsOfOneClientTakeTurns: where a client has as many in work and waiting as it
// may, the next is refused, at every operation that does any work; others are served.
func TestRequestsOfOneClientTakeTurns(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.ExposeToken = true })
	v, other := s.visitor(), s.at("127.0.0.2")
	v.signUp("ada@example.com")
	anonymous, signedIn := s.server.Crowd("127.0.0.1", ""), s.server.Crowd("127.0.0.1", v.cookieHeader())
	leave := func() { anonymous(); signedIn() }
	defer leave()
	waittest.Until(t, "crowded", func() bool { return s.server.InWork() == bff.Crowded+bff.CrowdedInSession })
	free := map[string]bool{"/api/auth/ok": true, "/api/auth/error": true, "/api/auth/jwks": true, "/api/auth/link/{file}": true}
	for _, route := range operations() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/api/auth/") || free[path] {
			continue
		}
		body, header := contract.Body(t, route), []string{}
		want := "TOO_MANY_REQUESTS"
		if path == "/api/auth/oauth2/token" {
			body, header, want = "grant_type=client_credentials", []string{"Content-Type", "application/x-www-form-urlencoded"}, "temporarily_unavailable"
		}
		path = strings.Replace(path, "{token}", opaque.NewToken(), 1)
		if a := v.want(v.do(method, path, body, header...), 429, want); a.header.Get("Retry-After") != "1" || a.header.Get("X-Retry-After") != "1" {
			t.Errorf("%s: got Retry-After %q", route, a.header.Get("Retry-After"))
		}
		if method == "GET" { // a body that nobody reads is no way around
			v.want(v.do(method, path, "{}"), 429, want)
		}
	}
	other.signUp("bob@example.com")
	other.want(other.do("GET", "/api/auth/get-session", ""), 200, "bob@example.com")
	for path := range free {
		if a := v.do("GET", path, ""); a.status == 429 {
			t.Errorf("%s: got 429, which is answered from memory", path)
		}
	}
	v.want(v.do("GET", "/api/proxy/x", ""), 200, "")
	leave()
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	waittest.Until(t, "empty", func() bool { return s.server.InWork() == 0 })
}

// TestSignedInUsersDoNotWaitForStrangers behind the same address, nor for another session
// there; how much the sessions of one address have in work is bounded.
func TestSignedInUsersDoNotWaitForStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v, greedy, stranger := s.visitor(), s.visitor(), s.visitor()
	v.signUp("ada@example.com")
	greedy.signUp("greedy@example.com")
	cookie := greedy.cookieHeader()
	anonymous, inSession := s.server.Crowd("127.0.0.1", ""), s.server.Crowd("127.0.0.1", cookie)
	defer anonymous()
	defer inSession()
	waittest.Until(t, "crowded", func() bool { return s.server.InWork() == bff.Crowded+bff.CrowdedInSession })
	for _, crowded := range []*visitor{greedy, stranger} {
		crowded.want(crowded.do("GET", "/api/auth/get-session", ""), 429, "TOO_MANY_REQUESTS")
	}
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "true")
	leave := s.server.FillSessions("127.0.0.1")
	v.want(v.do("GET", "/api/auth/get-session", ""), 429, "TOO_MANY_REQUESTS")
	leave()
	v.want(v.do("POST", "/api/auth/logout", ""), 200, "true")
}

// TestAnIncompleteBodyTakesNoPlace from others behind the same address.
func TestAnIncompleteBodyTakesNoPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	var held []net.Conn
	for range 2 * bff.Crowded / 3 {
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
	if n := s.server.InWork(); n != 0 {
		t.Errorf("got %d requests in work whose bodies have not come", n)
	}
	if err := held[0].SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(held[0], `xample.com","password":"wrong horse"}`); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("HTTP/1.1 401"))
	if _, err := io.ReadFull(held[0], answer); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
		t.Errorf("got %q, %v, want the answer to the body that has come", answer, err)
	}
}

// TestLookupsForStrangersAreBounded: tokens and ids that may be made up.
func TestLookupsForStrangersAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v, other := s.visitor(), s.at("127.0.0.2")
	leave := s.server.Strange("127.0.0.1")
	defer leave()
	waittest.Until(t, "crowded", func() bool { return s.server.Asking() == bff.Stranger })
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
	other.want(other.do("GET", "/api/auth/verify-email?token="+token, ""), 401, "INVALID_TOKEN")
	leave()
	v.want(v.do("GET", "/api/auth/verify-email?token="+token, ""), 401, "INVALID_TOKEN")
}

// TestDelayedAnswersTakeNoPlace, and goes when the client does.
func TestDelayedAnswersTakeNoPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	for range 10 {
		v.want(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong horse"}`), 401, "")
	}
	v.tooMany(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong horse"}`))
	s.server.RefuseOften("127.0.0.1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asking sync.WaitGroup
	late := 2 * bff.Crowded / 3 // more than could be in work
	for range late {
		asking.Go(func() {
			r, err := http.NewRequestWithContext(ctx, "POST", s.url+"/api/auth/login", strings.NewReader(`{"email":"ada@example.com","password":"wrong horse"}`))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/json")
			if res, err := http.DefaultClient.Do(r); err == nil {
				_ = res.Body.Close()
			}
		})
	}
	waittest.Until(t, "told late, holding nothing", func() bool {
		return s.server.Late() > bff.Crowded/3 && s.server.InWork() == 0 && s.server.Bodies() == 0
	})
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	v.signUp("bob@example.com")
	cancel()
	asking.Wait()
	waittest.Until(t, "empty", func() bool { return s.server.Late() == 0 })
}

// TestWithoutLimitsNobodyTakesTurns: for measurements from one address.
func TestWithoutLimitsNobodyTakesTurns(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.RateLimitOff = true })
	v := s.visitor()
	v.signUp("ada@example.com")
	for _, leave := range []func(){s.server.Crowd("127.0.0.1", ""), s.server.Strange("127.0.0.1")} {
		defer leave()
	}
	waittest.Until(t, "crowded", func() bool { return s.server.InWork() == bff.Crowded && s.server.Asking() == bff.Stranger })
	s.server.RefuseOften("127.0.0.1")
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	if s.isLate("GET", "/api/auth/verify-email?token="+opaque.NewToken()) {
		t.Error("a refusal is told late")
	}
}

// isLate says whether the answer to a request waits to be told. It does not wait for it.
func (s *site) isLate(method, path string, header ...string) bool {
	s.t.Helper()
	return s.isLateTo(method, path, "", header...)
}

func (s *site) isLateTo(method, path, body string, header ...string) bool {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := http.DefaultTransport.RoundTrip(r); err == nil {
			_ = res.Body.Close()
		}
	}()
	late := false
	waittest.Until(s.t, "answered, nor told late", func() bool {
		select {
		case <-done:
			return true
		default:
			late = s.server.Late() > 0
			return late
		}
	})
	cancel()
	<-done
	waittest.Until(s.t, "gone", func() bool { return s.server.Late() == 0 })
	return late
}

// TestRepeatedRefusalsAreDelayed, and an app that finds out whether anybody is
// signed in is not.
func TestRepeatedRefusalsAreDelayed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	other := s.at("127.0.0.2")
	forged := []string{"Cookie", "better-auth.session_token=made.up"}
	token := opaque.NewToken()
	asks := map[string][]string{
		"a made-up link":                {"/api/auth/verify-email?token=" + token},
		"a link that is none":           {"/api/auth/verify-email?token=x"},
		"a made-up link of a reset":     {"/api/auth/reset-password/" + token + "?callbackURL=/welcome"},
		"no cookie at the API":          {"/api/proxy/x"},
		"a forged cookie at the API":    append([]string{"/api/proxy/x"}, forged...),
		"no cookie at an account":       {"/api/auth/list-sessions"},
		"a forged cookie at an account": append([]string{"/api/auth/list-sessions"}, forged...),
	}
	for name, ask := range asks {
		if s.isLate("GET", ask[0], ask[1:]...) {
			t.Errorf("%s: the first is told late", name)
		}
	}
	s.server.RefuseOften("127.0.0.1")
	s.server.TellOftenOfNoSession("127.0.0.1")
	for name, ask := range asks {
		if !s.isLate("GET", ask[0], ask[1:]...) {
			t.Errorf("%s: asked for over and over it is told at once", name)
		}
	}
	if s.isLate("GET", "/api/auth/get-session") {
		t.Error("an app has to wait to hear that nobody is signed in")
	}
	other.signUp("bob@example.com")
	other.want(other.do("GET", "/api/auth/verify-email?token="+token, ""), 401, "INVALID_TOKEN")
}

// TestFillingThePasswordRoomIsDelayed, and nobody whom others keep out of it.
func TestFillingThePasswordRoomIsDelayed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	s.server.RefuseOften("127.0.0.1")
	for _, byAsker := range []bool{false, true} {
		empty := s.server.FillPasswordRoom(byAsker)
		for _, ask := range []struct{ path, body, cookie string }{
			{"login", `{"email":"ada@example.com","password":"paper-lantern-42"}`, ""},
			{"login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`, ""},
			{"signup", `{"email":"bob@example.com","password":"paper-lantern-42"}`, ""},
			{"verify-password", `{"password":"paper-lantern-42"}`, v.cookieHeader()},
		} {
			if late := s.isLateTo("POST", "/api/auth/"+ask.path, ask.body, "Content-Type", "application/json", "Cookie", ask.cookie); late != byAsker {
				t.Errorf("%s, filled by the asker %t: told late %t", ask.path, byAsker, late)
			}
		}
		empty()
	}
}

// TestARepeatedDeadCookieIsDelayedSooner than that there is no session.
func TestARepeatedDeadCookieIsDelayedSooner(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	ended := v.cookieHeader()
	v.want(v.do("POST", "/api/auth/logout", ""), 200, "")
	s.server.RefuseOften("127.0.0.1")
	for range 20 {
		if s.isLate("GET", "/api/auth/get-session", "Cookie", ended) {
			t.Fatal("a session that has just ended is told of late")
		}
	}
	for _, ask := range []string{"GET /api/auth/get-session", "GET /api/proxy/x", "GET /api/auth/list-sessions", "POST /api/auth/logout"} {
		method, path, _ := strings.Cut(ask, " ")
		if !s.isLate(method, path, "Cookie", ended) {
			t.Errorf("%s: told at once", ask)
		}
	}
}
