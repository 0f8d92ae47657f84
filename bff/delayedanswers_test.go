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
