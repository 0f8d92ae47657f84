package bff_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"vestibule/bff"
	"vestibule/internal/opaque"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// isDelayed reports whether the server delays the answer to a request. It does not wait for
// the answer.
func (s *site) isDelayed(method, path string, header ...string) bool {
	s.t.Helper()
	return s.isDelayedWith(method, path, "", header...)
}

// isDelayedWith is isDelayed for a request with a body.
func (s *site) isDelayedWith(method, path, body string, header ...string) bool {
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
	delayed := false
	waittest.Until(s.t, "the request is answered or delayed", func() bool {
		select {
		case <-done:
			return true
		default:
			delayed = s.server.Delayed() > 0
			return delayed
		}
	})
	cancel()
	<-done
	waittest.Until(s.t, "the request has ended", func() bool { return s.server.Delayed() == 0 })
	return delayed
}

// TestDelayedAnswersTakeNoPlace: they use none of the bounded places, and end when the
// client disconnects.
func TestDelayedAnswersTakeNoPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	for range 10 {
		v.want(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong horse"}`), 401, "")
	}
	v.wantTooMany(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong horse"}`))
	s.server.DelayRefusals("127.0.0.1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	large := `{"email":"ada@example.com","password":"wrong horse"` + strings.Repeat(" ", 1100) + `}` // more than the first piece of a body, so it takes memory that bodies share
	var requests sync.WaitGroup
	for range 2 * bff.WorkOfOneClient / 3 { // more than could be in progress
		requests.Go(func() {
			r, err := http.NewRequestWithContext(ctx, "POST", s.url+"/api/auth/login", strings.NewReader(large))
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
	waittest.Until(t, "the answers are delayed and hold nothing", func() bool {
		return s.server.Delayed() > bff.WorkOfOneClient/3 && s.server.Requests() == 0 && s.server.BodyBytes() == 0
	})
	v.want(v.do("GET", "/api/auth/get-session", ""), 200, "ada@example.com")
	v.signUp("bob@example.com")
	cancel()
	requests.Wait()
	waittest.Until(t, "all requests have ended", func() bool { return s.server.Delayed() == 0 })
}

// TestRepeatedRefusalsAreDelayed: but an app that asks whether its user is signed in is
// answered at once.
func TestRepeatedRefusalsAreDelayed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	other := s.at("127.0.0.2")
	forged := []string{"Cookie", "better-auth.session_token=made.up"}
	token := opaque.NewToken()
	requests := map[string][]string{
		"a made-up link":                {"/api/auth/verify-email?token=" + token},
		"a malformed link":              {"/api/auth/verify-email?token=x"},
		"a made-up reset link":          {"/api/auth/reset-password/" + token + "?callbackURL=/welcome"},
		"no cookie at the API":          {"/api/proxy/x"},
		"a forged cookie at the API":    append([]string{"/api/proxy/x"}, forged...),
		"no cookie at an account":       {"/api/auth/list-sessions"},
		"a forged cookie at an account": append([]string{"/api/auth/list-sessions"}, forged...),
	}
	for name, ask := range requests {
		if s.isDelayed("GET", ask[0], ask[1:]...) {
			t.Errorf("%s: the first answer is delayed", name)
		}
	}
	s.server.DelayRefusals("127.0.0.1")
	s.server.DelayNoSession("127.0.0.1")
	for name, ask := range requests {
		if !s.isDelayed("GET", ask[0], ask[1:]...) {
			t.Errorf("%s: a repeated request is answered at once", name)
		}
	}
	if s.isDelayed("GET", "/api/auth/get-session") {
		t.Error("the answer that nobody is signed in is delayed")
	}
	other.signUp("bob@example.com")
	other.want(other.do("GET", "/api/auth/verify-email?token="+token, ""), 401, "INVALID_TOKEN")
}

// TestFillingThePasswordRoomIsDelayed: a client that fills the queue of passwords is delayed.
// A client that is refused because of others is not.
func TestFillingThePasswordRoomIsDelayed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	s.server.DelayRefusals("127.0.0.1")
	for _, byThisClient := range []bool{false, true} {
		empty := s.server.FillPasswordRoom(byThisClient)
		for _, ask := range []struct{ path, body, cookie string }{
			{"login", `{"email":"ada@example.com","password":"paper-lantern-42"}`, ""},
			{"login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`, ""},
			{"signup", `{"email":"bob@example.com","password":"paper-lantern-42"}`, ""},
			{"verify-password", `{"password":"paper-lantern-42"}`, v.cookieHeader()},
		} {
			if delayed := s.isDelayedWith("POST", "/api/auth/"+ask.path, ask.body, "Content-Type", "application/json", "Cookie", ask.cookie); delayed != byThisClient {
				t.Errorf("%s, filled by this client %t: got delayed %t", ask.path, byThisClient, delayed)
			}
		}
		empty()
	}
}

// TestARepeatedDeadCookieIsDelayedSooner: sooner than requests without a cookie.
func TestARepeatedDeadCookieIsDelayedSooner(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	ended := v.cookieHeader()
	v.want(v.do("POST", "/api/auth/logout", ""), 200, "")
	s.server.DelayRefusals("127.0.0.1")
	for range 20 {
		if s.isDelayed("GET", "/api/auth/get-session", "Cookie", ended) {
			t.Fatal("the answer about a session that has just ended is delayed")
		}
	}
	for _, ask := range []string{"GET /api/auth/get-session", "GET /api/proxy/x", "GET /api/auth/list-sessions", "POST /api/auth/logout"} {
		method, path, _ := strings.Cut(ask, " ")
		if !s.isDelayed(method, path, "Cookie", ended) {
			t.Errorf("%s: answered at once, want it delayed", ask)
		}
	}
}
