package bearer

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"vestibule/internal/jose"
)

// TestUnknownKidsCauseFewFetches: anybody can invent kids.
func TestUnknownKidsCauseFewFetches(t *testing.T) {
	key := newEdKey(t)
	i := &issuer{}
	i.Publishes(jwkOf(t, "a", key))
	s := newKeyedSurface(t, jose.EdDSA, i)
	s.waitUntilReady(t)
	s.stop() // this also stops the fetch every minute by the real clock
	before := i.Fetches.Load()
	var made []string
	for n := range 20 {
		made = append(made, edToken(t, fmt.Sprint("made-up-", n), key))
	}
	var at []int // seconds at which there was a fetch
	for second := range 65 {
		s.clock.Set(noon.Add(time.Duration(second) * time.Second))
		var wg sync.WaitGroup
		for _, token := range made {
			wg.Go(func() {
				s.tasks(t, token).isProblem(t, 401, "Invalid token")
			})
		}
		wg.Wait()
		if now := i.Fetches.Load(); now != before {
			if now != before+1 {
				t.Errorf("got %d fetches in second %d, want one at a time", now-before, second)
			}
			at, before = append(at, second), now
		}
	}
	if want := "[0 2 4 6 15 30 45 60]"; fmt.Sprint(at) != want {
		t.Errorf("got fetches at %v s, want %s", at, want)
	}
}

// TestAKeyThatAnIssuersInstanceLearnsLateIsAskedForAgain: the first answer after the new key's
// first use came from an instance whose set was five seconds old.
func TestAKeyThatAnIssuersInstanceLearnsLateIsAskedForAgain(t *testing.T) {
	old, fresh := newEdKey(t), newEdKey(t)
	i := &issuer{}
	i.Publishes(jwkOf(t, "old", old))
	s := newKeyedSurface(t, jose.EdDSA, i)
	s.waitUntilReady(t)
	s.stop()
	token := edToken(t, "new", fresh)
	for second := range 6 {
		s.clock.Set(noon.Add(time.Duration(second) * time.Second))
		s.tasks(t, token).isProblem(t, 401, "Invalid token")
	}
	i.Publishes(jwkOf(t, "new", fresh), jwkOf(t, "old", old))
	s.clock.Set(noon.Add(6 * time.Second))
	s.tasks(t, token).is(t, 200, "[]")
}

func TestAClockSetBackAllowsAFetch(t *testing.T) {
	var a allowance
	for range jwksUnknownBurst {
		a.take(noon)
	}
	if a.take(noon.Add(time.Second)) {
		t.Error("got a fetch within the pause")
	}
	if !a.take(noon.Add(-time.Hour)) {
		t.Error("got no fetch after the clock was set back")
	}
}
