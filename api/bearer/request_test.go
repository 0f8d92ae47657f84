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
