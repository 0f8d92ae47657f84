package bearer

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestProtectAsksForItsScope(t *testing.T) {
	s := newSurface(t)
	for _, tc := range []struct {
		needs, claims string
		status        int
	}{
		{tasksRead, payload(""), 200},
		{tasksRead + " " + tasksWrite, payload(""), 200},
		{tasksRead, payload(`,"scope":"tasks:read"`), 200},
		{tasksWrite, payload(`,"scope":"tasks:read"`), 403},
		{tasksRead + " " + tasksWrite, payload(`,"scope":"tasks:read"`), 403},
		{tasksRead, payload(`,"scope":""`), 403},
		{"", payload(`,"scope":""`), 200},
		{"mail:send", payload(""), 403},
		{"mail:send", payload(`,"scope":"mail:send"`), 403}, // the API does not know it
		{tasksRead, payloadWith("sub", `"svc_a"`), 403},
	} {
		var caller Caller
		h := s.v.Protect(tc.needs, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { caller = CallerOf(r) }), writeDetail)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = auth(forge(plainHeader, tc.claims, testSecret))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.status || (caller.Subject != "") != (tc.status == 200) {
			t.Errorf("%q of %s: got %d for %+v, want %d", tc.needs, tc.claims, w.Code, caller, tc.status)
		}
		if got, want := w.Header().Get("WWW-Authenticate"), `Bearer error="insufficient_scope"`; w.Code == 403 && got != want {
			t.Errorf("got the challenge %q, want %q", got, want)
		}
	}
}

func TestProtectWritesRefusalsItself(t *testing.T) {
	s := newSurface(t)
	h := s.v.Protect("", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request without a token was answered") }), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := strings.TrimSpace(w.Body.String()); w.Code != 401 || got != `{"detail":"Not authenticated"}` || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %d %s with %v", w.Code, got, w.Header())
	}
}

func TestThereIsNoCallerOutsideProtect(t *testing.T) {
	if got := CallerOf(httptest.NewRequest("GET", "/", nil)); got.Subject != "" || got.May(tasksRead) {
		t.Errorf("got %+v, want nobody", got)
	}
}

func TestABodyEndsOnlyForAValidToken(t *testing.T) {
	s := newSurface(t)
	read := func(late time.Duration) error {
		s.clock.Set(noon)
		r := httptest.NewRequest("POST", "/", strings.NewReader("body"))
		r.Header = auth(mint(t, ada))
		r, _, err := s.v.Admit(r, tasksWrite)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Set(noon.Add(late))
		body, err := io.ReadAll(r.Body)
		if string(body) != "body" {
			t.Errorf("got %q, want the body", body)
		}
		return err
	}
	if err := read(5 * time.Minute); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := read(6 * time.Minute); !errors.Is(err, ErrExpired) {
		t.Errorf("got %v, want %v", err, ErrExpired)
	}
}

func TestATokenIsSentInOneAuthorizationHeader(t *testing.T) {
	s := newSurface(t)
	good := mint(t, ada)
	for _, tc := range []struct {
		name   string
		values []string
		want   string // detail of the 401; empty: accepted
	}{
		{"no header", nil, "Not authenticated"},
		{"an empty header", []string{""}, "Not authenticated"},
		{"no token", []string{"Bearer"}, "Not authenticated"},
		{"no token after the space", []string{"Bearer "}, "Not authenticated"},
		{"another scheme", []string{"Basic YTpi"}, "Not authenticated"},
		{"a token without a scheme", []string{good}, "Not authenticated"},
		{"a scheme that only begins like ours", []string{"BearerX " + good}, "Not authenticated"},
		{"a tab for the space", []string{"Bearer\t" + good}, "Not authenticated"},
		{"two tokens", []string{"Bearer " + good, "Bearer " + mint(t, bob)}, "Invalid token"},
		{"the same token twice", []string{"Bearer " + good, "Bearer " + good}, "Invalid token"},
		{"a token and another scheme", []string{"Bearer " + good, "Basic YTpi"}, "Invalid token"},
		{"two tokens in one header", []string{"Bearer " + good + ", Bearer " + good}, "Invalid token"},
		{"the scheme in lower case", []string{"bearer " + good}, ""},
		{"the scheme in capitals", []string{"BEARER " + good}, ""},
		{"several spaces", []string{"Bearer   " + good}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := s.do(t, "GET", "/api/me/tasks", "", http.Header{"Authorization": tc.values})
			if tc.want == "" {
				res.is(t, http.StatusOK, "[]")
				return
			}
			res.isProblem(t, http.StatusUnauthorized, tc.want)
		})
	}
	t.Run("a token in the query is not read", func(t *testing.T) {
		s.do(t, "GET", "/api/me/tasks?access_token="+good, "", nil).
			isProblem(t, http.StatusUnauthorized, "Not authenticated")
	})
}
