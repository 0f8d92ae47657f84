package session

import (
	"errors"
	"testing"

	"vestibule/store"
)

func liveOf(sessionID, userID string) *Live {
	return &Live{Session: store.Session{ID: sessionID, UserID: userID}}
}

func TestStreamsOfASessionAUserAndAllAreBounded(t *testing.T) {
	s := &Sessions{streams: newStreams(Config{MaxStreams: 5, MaxStreamsPerUser: 3, MaxStreamsPerSession: 2})}
	take := func(sessionID, userID string) (leave func()) {
		t.Helper()
		leave, err := s.Stream(liveOf(sessionID, userID))
		if err != nil {
			t.Fatalf("%s of %s: got %v, want a place", sessionID, userID, err)
		}
		return leave
	}
	refused := func(sessionID, userID string) {
		t.Helper()
		if _, err := s.Stream(liveOf(sessionID, userID)); !errors.Is(err, ErrStreams) {
			t.Errorf("%s of %s: got %v, want %v", sessionID, userID, err, ErrStreams)
		}
	}
	phone := take("ses_phone", "usr_ada")
	take("ses_phone", "usr_ada")
	refused("ses_phone", "usr_ada")
	laptop := take("ses_laptop", "usr_ada")
	for range 5 { // which takes no place of the session
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
}

func TestWithoutSettingsStreamsAreBoundedToo(t *testing.T) {
	s := &Sessions{streams: newStreams(Config{})}
	for i, most := range []int{defaultStreamsPerSession, defaultStreamsPerUser - defaultStreamsPerSession, 0} {
		n := 0
		for ; n <= most; n++ {
			if _, err := s.Stream(liveOf(string(rune('a'+i)), "usr_ada")); err != nil {
				break
			}
		}
		if n != most {
			t.Errorf("session %d of a user: got %d streams, want %d", i+1, n, most)
		}
	}
}
