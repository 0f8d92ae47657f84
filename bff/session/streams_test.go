package session

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/openstreams"
	"vestibule/store"
)

func liveOf(sessionID, userID string) *Live {
	return &Live{Session: &store.Session{ID: sessionID, UserID: userID}}
}

func TestStreamsOfASessionAUserAndAllAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Sessions{streams: newStreams(Config{MaxStreams: 5, MaxStreamsPerUser: 3, MaxStreamsPerSession: 2})}
		take := func(sessionID, userID string) (leave func()) {
			t.Helper()
			leave, err := s.Stream(t.Context(), liveOf(sessionID, userID), "192.0.2.1", func() {})
			if err != nil {
				t.Fatalf("%s of %s: got %v, want a place", sessionID, userID, err)
			}
			return leave
		}
		refused := func(sessionID, userID string) {
			t.Helper()
			if _, err := s.Stream(t.Context(), liveOf(sessionID, userID), "192.0.2.1", func() {}); !errors.Is(err, ErrStreams) {
				t.Errorf("%s of %s: got %v, want %v", sessionID, userID, err, ErrStreams)
			}
		}
		phone := take("ses_phone", "usr_ada")
		take("ses_phone", "usr_ada")
		refused("ses_phone", "usr_ada")
		laptop := take("ses_laptop", "usr_ada")
		for range 5 { // a refusal takes no place of the session
			refused("ses_laptop", "usr_ada")
		}
		phone()
		phone()
		take("ses_laptop", "usr_ada")
		laptop()
		take("ses_bob", "usr_bob")
		take("ses_bob", "usr_bob")
		take("ses_carol", "usr_carol")
		refused("ses_dave", "usr_dave")
	})
}

func TestWithoutSettingsStreamsAreBoundedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Sessions{streams: newStreams(Config{})}
		for i, most := range []int{DefaultStreamsPerSession, DefaultStreamsPerUser - DefaultStreamsPerSession, 0} {
			n := 0
			for ; n <= most; n++ {
				if _, err := s.Stream(t.Context(), liveOf(string(rune('a'+i)), "usr_ada"), "192.0.2.1", func() {}); err != nil {
					break
				}
			}
			if n != most {
				t.Errorf("session %d of a user: got %d streams, want %d", i+1, n, most)
			}
		}
	})
}

// TestStreamsOfAnAddressAreBounded: this holds for any number of users at the address.
func TestStreamsOfAnAddressAreBounded(t *testing.T) {
	t.Parallel()
	s := &Sessions{streams: newStreams(Config{MaxStreams: 10, MaxStreamsPerUser: 2, AddressShare: 0.4})}
	var leaves []func()
	for i := range 4 {
		user := string(rune('a' + i))
		leave, err := s.Stream(t.Context(), liveOf(user, user), "192.0.2.1", func() {})
		if err != nil {
			t.Fatalf("user %s: %v", user, err)
		}
		leaves = append(leaves, leave)
	}
	for range 10 { // a refusal takes no place
		if _, err := s.Stream(t.Context(), liveOf("x", "x"), "192.0.2.1", func() {}); !errors.Is(err, ErrStreams) {
			t.Errorf("a fifth: got %v, want %v", err, ErrStreams)
		}
	}
	if _, err := s.Stream(t.Context(), liveOf("x", "x"), "192.0.2.2", func() {}); err != nil {
		t.Errorf("from another address: got %v", err)
	}
	leaves[0]()
	if _, err := s.Stream(t.Context(), liveOf("x", "x"), "192.0.2.1", func() {}); err != nil {
		t.Errorf("after one has left: got %v", err)
	}
}

// TestStreamsOfAFullKeyAreAsked, of the session or of the user, and a client that leaves
// meanwhile does not wait.
func TestStreamsOfAFullKeyAreAsked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"of the session": {MaxStreamsPerSession: 1, MaxStreamsPerUser: 9},
		"of the user":    {MaxStreamsPerSession: 9, MaxStreamsPerUser: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &Sessions{streams: newStreams(cfg)}
				var gone atomic.Bool
				var leave func()
				leave, err := s.Stream(t.Context(), liveOf("ses_a", "usr_ada"), "192.0.2.1", func() {
					if gone.Load() {
						leave()
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Stream(t.Context(), liveOf("ses_a", "usr_ada"), "192.0.2.1", func() {}); !errors.Is(err, ErrStreams) {
					t.Errorf("beside one that lives: got %v, want %v", err, ErrStreams)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if _, err := s.Stream(ctx, liveOf("ses_a", "usr_ada"), "192.0.2.1", func() {}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrStreams) {
					t.Errorf("from a client that leaves: got %v, want the end of its context", err)
				}
				gone.Store(true)
				time.Sleep(time.Minute) // until it may be asked again
				if _, err := s.Stream(t.Context(), liveOf("ses_a", "usr_ada"), "192.0.2.1", func() {}); err != nil {
					t.Errorf("after its client has left: got %v, want its place", err)
				}
			})
		})
	}
}

// TestAStreamWaitsForASecondInAll, not for each of its places.
func TestAStreamWaitsForASecondInAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Sessions{streams: newStreams(Config{MaxStreamsPerSession: 1, MaxStreamsPerUser: 2})}
		stream := func(session string) (leave func(), err error) {
			return s.Stream(t.Context(), liveOf(session, "usr_ada"), "192.0.2.1", func() {})
		}
		leave, err := stream("ses_a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream("ses_b"); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		time.AfterFunc(500*time.Millisecond, func() { _, err = stream("ses_c") }) // waits for the place of the user
		time.AfterFunc(900*time.Millisecond, leave)                               // gives back one of the session and one of the user
		if _, err := stream("ses_a"); !errors.Is(err, ErrStreams) || !errors.Is(err, fair.ErrKey) {
			t.Errorf("got %v, want %v", err, ErrStreams)
		}
		if took := time.Since(begun); took != openstreams.Wait {
			t.Errorf("the stream has waited %v, want %v", took, openstreams.Wait)
		}
		if synctest.Wait(); err != nil {
			t.Errorf("the stream that waited first: got %v, want the place", err)
		}
	})
}
