package api

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/waittest"
)

func TestEveryChangeIsStreamed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		made := s.do(t, "POST", "/api/me/tasks", `{"title":"before"}`, token)
		st := s.watch(t, token)
		if got, want := st.next(t), "retry: 1000\nid: 1\n"; got != want {
			t.Errorf("first: got %q, want %q", got, want)
		}
		s.do(t, "POST", "/api/me/tasks", `{"title":"his"}`, auth(mint(t, bob)))
		s.do(t, "GET", "/api/me/tasks/1", "", token)
		s.do(t, "DELETE", "/api/me/tasks/7", "", token)
		created := s.do(t, "POST", "/api/me/tasks", `{"title":"line\nbreak"}`, with(token, "Idempotency-Key", "k")).body
		s.do(t, "POST", "/api/me/tasks", `{"title":"line\nbreak"}`, with(token, "Idempotency-Key", "k"))
		updated := s.do(t, "PUT", "/api/me/tasks/1", `{"title":"after"}`, token).body
		toggled := s.do(t, "PATCH", "/api/me/tasks/1/complete", "", token).body
		s.do(t, "DELETE", "/api/me/tasks/1", "", token)
		for i, want := range []string{
			event(2, "task.created", created), event(3, "task.updated", updated), event(4, "task.updated", toggled), event(5, "task.deleted", toggled),
		} {
			if got := st.next(t); got != want {
				t.Errorf("event %d: got %q, want %q", i, got, want)
			}
		}
		// A client that has seen the first resumes with the second.
		late := s.watch(t, with(token, "Last-Event-Id", "2"))
		for i, want := range []string{"retry: 1000\nid: 2\n", event(3, "task.updated", updated), event(4, "task.updated", toggled)} {
			if got := late.next(t); got != want {
				t.Errorf("resumed, %d: got %q, want %q", i, got, want)
			}
		}
		if made.StatusCode != 201 {
			t.Errorf("got %d", made.StatusCode)
		}
	})
}

func TestAStreamIsForItsOwner(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	s.do(t, "GET", "/api/"+bob+"/tasks/events", "", auth(mint(t, ada))).isProblem(t, 403, "Access denied: user_id mismatch")
	s.do(t, "GET", "/api/me/tasks/events", "", nil).isProblem(t, 401, "Not authenticated")
	// No HEAD, which would never end, and no methods of a task.
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"} {
		for _, path := range []string{"/api/me/tasks/events", "/api/me/tasks/events/"} {
			res := s.do(t, method, path, "", auth(mint(t, ada)))
			if got := res.Header.Get("Allow"); res.StatusCode != 405 || got != "GET" {
				t.Errorf("%s %s: got %d with Allow: %s, want 405 with GET", method, path, res.StatusCode, got)
			}
		}
	}
}

// TestChangesOfAnotherInstanceAreStreamed runs two instances on one database.
func TestChangesOfAnotherInstanceAreStreamed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		other := startSurface(t, sharedSecretConfig(), Deps{Tasks: s.store.Tasks})
		s.runs(t)
		token := auth(mint(t, ada))
		st := s.watch(t, token)
		st.next(t)
		for i := range 3 {
			begun := time.Now()
			body := other.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token).body
			if got, want := st.next(t), event(i+1, "task.created", body); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			t.Logf("arrived after %v", time.Since(begun))
		}
	})
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	claims := goodClaims(ada)
	claims["exp"] = float64(noon.Add(-jose.Skew+300*time.Millisecond).UnixMilli()) / 1000
	st := s.watch(t, auth(mintWith(t, jwt.SigningMethodHS256, testSecret, nil, claims)))
	st.next(t)
	st.ends(t)
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	st := s.watch(t, token)
	st.next(t)
	s.server.EndStreams()
	s.server.EndStreams()
	st.ends(t)
	late := s.watch(t, token) // on a connection that was already open
	late.ends(t)
}

func TestAClosedStreamLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	st := s.watch(t, auth(mint(t, ada)))
	st.next(t)
	st.leave()
	waittest.Until(t, "nobody listens", func() bool {
		s.server.feed.mu.Lock()
		defer s.server.feed.mu.Unlock()
		return len(s.server.feed.listeners) == 0
	})
}

// TestAnOutageEndsAStream: the reader connects again, and resumes.
func TestAnOutageEndsAStream(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	st := s.watch(t, token)
	st.next(t)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.server.feed.changed(ada)
	st.ends(t)
}
