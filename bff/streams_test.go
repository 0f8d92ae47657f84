package bff_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// eventsAPI answers every request with a stream of events that has no end.
func eventsAPI(t *testing.T) func(*bff.Config) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(api.Close)
	return func(c *bff.Config) { c.Backend, _ = url.Parse(api.URL) }
}

// asks sends a request for a stream and leaves the answer open until leave is called.
func (v *visitor) asks(method string) (res *http.Response, leave func()) {
	v.t.Helper()
	ctx, cancel := context.WithCancel(v.t.Context())
	v.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, v.url+"/api/proxy/me/tasks/events", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Origin", v.url)
	if res, err = v.client.Do(r); err != nil {
		v.t.Fatal(err)
	}
	return res, func() {
		cancel()
		_ = res.Body.Close()
	}
}

func TestOpenStreamsThroughTheProxyAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSite(t, db, eventsAPI(t), func(c *bff.Config) { c.MaxStreams, c.MaxStreamsPerUser, c.MaxStreamsPerSession = 4, 3, 2 })
		phone, laptop, bob := s.visitor(), s.visitor(), s.visitor()
		phone.signUp("ada@example.com")
		laptop.signIn("ada@example.com", "paper-lantern-42")
		bob.signUp("bob@example.com")
		opens := func(who string, v *visitor) (leave func()) {
			t.Helper()
			for deadline := time.Now().Add(waittest.Patience); ; time.Sleep(5 * time.Millisecond) {
				res, leave := v.asks("GET")
				if res.StatusCode == 200 {
					return leave
				}
				leave()
				if time.Now().After(deadline) {
					t.Fatalf("%s: got %d, want a place", who, res.StatusCode)
				}
			}
		}
		refused := func(who string, v *visitor, methods ...string) { // each takes a second
			t.Helper()
			for _, method := range methods {
				res, leave := v.asks(method)
				if res.StatusCode != 429 || res.Header.Get("Retry-After") != "30" {
					t.Errorf("%s: %s: got %d with Retry-After %q, want 429 with 30", who, method, res.StatusCode, res.Header.Get("Retry-After"))
				}
				leave()
			}
			v.want(v.do("GET", "/api/proxy/me/tasks/events", ""), 429, "TOO_MANY_STREAMS")
		}
		leave := opens("the phone", phone)
		opens("the phone", phone)
		refused("the phone's third", phone, "GET", "POST", "PUT", "PATCH", "DELETE")
		opens("the laptop", laptop)
		refused("the user's fourth", laptop)
		opens("another user", bob)
		refused("all are taken", bob)
		leave()
		opens("after the phone has left", bob)
		laptop.want(laptop.do("POST", "/api/auth/sign-out", ""), 200, "")
		s.clock.Advance(2 * time.Second)
		opens("after the laptop's session has ended", phone)
	})
}

// endlessAPI answers every request with the head of a stream that never ends.
func endlessAPI(t *testing.T) func(*bff.Config) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(api.Close)
	return func(c *bff.Config) { c.Backend, _ = url.Parse(api.URL) }
}

// stream opens a stream and advances the clock, so that it no longer counts as a short
// request. The channel is closed when the stream ends.
func (v *visitor) stream() <-chan struct{} {
	v.t.Helper()
	ctx, cancel := context.WithCancel(v.t.Context())
	v.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+"/api/proxy/me/tasks/events", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("got %d, want a stream", res.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}()
	v.clock.Advance(2 * time.Second)
	return ended
}

// TestStreamsEndWithTheRequestThatEndsTheirSession: no background task runs here that could
// end them later.
func TestStreamsEndWithTheRequestThatEndsTheirSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(v, thief *visitor, thiefsHandle string){
		"change-password": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another horse","revokeOtherSessions":true}`), 200, "")
		},
		"delete-user": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`), 200, "")
		},
		"revoke-session": func(v, _ *visitor, thiefsHandle string) {
			v.want(v.do("POST", "/api/auth/revoke-session", `{"token":"`+thiefsHandle+`"}`), 200, "")
		},
		"revoke-other-sessions": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/revoke-other-sessions", "{}"), 200, "")
		},
		"revoke-sessions": func(v, _ *visitor, _ string) {
			v.want(v.do("POST", "/api/auth/revoke-sessions", "{}"), 200, "")
		},
		"reset-password": func(v, _ *visitor, _ string) {
			token := v.resetLink("ada@example.com")
			v.want(v.do("POST", "/api/auth/reset-password", `{"token":"`+token+`","newPassword":"another horse"}`), 200, "")
		},
		"sign-out": func(_, thief *visitor, _ string) {
			thief.want(thief.do("POST", "/api/auth/sign-out", "{}"), 200, "")
		},
		"sign-in that replaces it": func(_, thief *visitor, _ string) {
			thief.signIn("ada@example.com", "paper-lantern-42")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.Store) {
				s := newIdleSite(t, db, endlessAPI(t))
				v, thief := s.visitor(), s.visitor()
				v.signUp("ada@example.com")
				thiefsHandle := handle(t, thief.signIn("ada@example.com", "paper-lantern-42"))
				ended := thief.stream()
				end(v, thief, thiefsHandle)
				select {
				case <-ended:
				case <-time.After(waittest.Patience):
					t.Error("the stream of an ended session continues")
				}
			})
		})
	}
}
