package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

// opens starts a stream, leaves it open and returns its status.
func (s *surface) opens(t *testing.T, path string, header http.Header) (status int, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, func() {
		cancel()
		_ = res.Body.Close()
	}
}

func TestOpenStreamsAreBounded(t *testing.T) {
	t.Parallel()
	const path = "/api/me/tasks/events"
	cfg := sharedSecretConfig()
	cfg.MaxStreams, cfg.MaxStreamsPerUser = 3, 2
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t).Tasks})
	token, bobsToken := auth(mint(t, ada)), auth(mint(t, bob))
	refused := func(header http.Header) {
		t.Helper()
		if status, leave := s.opens(t, path, header); status == 200 {
			leave()
			t.Fatal("got a stream, want 429")
		}
		res := s.do(t, "GET", path, "", header)
		res.isProblem(t, 429, "Too many event streams are open")
		if got := res.Header.Get("Retry-After"); got != fullAfter {
			t.Errorf("Retry-After: got %q, want %s", got, fullAfter)
		}
	}
	place := func(why string, header http.Header) (leave func()) {
		t.Helper()
		waittest.Until(t, why, func() bool {
			var status int
			status, leave = s.opens(t, path, header)
			return status == 200
		})
		return leave
	}
	leave := place("the first", token)
	place("the second", token)
	refused(token)
	s.do(t, "GET", "/api/me/tasks", "", token).is(t, 200, "[]")
	leaveBobs := place("another user's", bobsToken)
	refused(bobsToken) // no place is free

	leave()
	s.clock.Set(noon.Add(time.Minute)) // a different token
	claims := goodClaims(ada)
	claims["exp"] = float64(noon.Add(time.Minute-jose.Skew+300*time.Millisecond).UnixMilli()) / 1000
	place("after one was left", auth(mintWith(t, jwt.SigningMethodHS256, testSecret, nil, claims)))
	leaveBobs()
	place("after one has ended with its token", token)
	place("after another user has left", bobsToken)
	refused(bobsToken)
	s.server.EndStreams()
	waittest.Until(t, "no place is taken when all have ended", func() bool {
		used, _ := s.server.feed.places.Load()
		return used == 0
	})
}

// TestAServiceHasItsOwnPlaces for each user whom it watches.
func TestAServiceHasItsOwnPlaces(t *testing.T) {
	t.Parallel()
	const path = "/api/" + ada + "/tasks/events"
	cfg := sharedSecretConfig()
	cfg.MaxStreamsPerUser = 1
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t).Tasks})
	reads := func(sub string, extra string) http.Header {
		return service(sub, `,"scope":"tasks:read"`+extra)
	}
	for _, header := range []http.Header{
		auth(mint(t, ada)), reads(reports, ""), reads("svc_another", ""),
		reads(ada, `,"act":{"sub":"svc_a"}`), reads(ada, `,"act":{"sub":"svc_b"}`),
	} {
		if status, _ := s.opens(t, path, header); status != 200 {
			t.Fatalf("the first stream: got %d, want 200", status)
		}
		if status, _ := s.opens(t, path, header); status == 200 {
			t.Fatal("got a second stream, want 429")
		}
		s.do(t, "GET", path, "", header).isProblem(t, 429, "Too many event streams are open")
	}
	if status, _ := s.opens(t, "/api/"+bob+"/tasks/events", reads(reports, "")); status != 200 {
		t.Errorf("the service watches another user: got %d, want 200", status)
	}
}

// panicking is a store that fails in the middle of opening a stream.
type panicking struct{ Tasks }

func (panicking) TaskFeed(context.Context, string) (int64, tasks.Place, error) { panic("a fault") }

// TestAStreamThatPanicsWhileItOpensKeepsNoPlace: the process goes on.
func TestAStreamThatPanicsWhileItOpensKeepsNoPlace(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: panicking{sqlite(t).Tasks}})
	if status, _ := s.opens(t, "/api/"+ada+"/tasks/events", auth(mint(t, ada))); status != 500 {
		t.Errorf("got %d, want 500", status)
	}
	if used, _ := s.server.feed.places.Load(); used != 0 {
		t.Errorf("got %d places taken, want none", used)
	}
}
