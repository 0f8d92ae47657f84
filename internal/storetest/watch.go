package storetest

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// Ear receives task events, by notification or by polling.
type Ear struct {
	Mu          sync.Mutex
	Latest      map[string]int
	Looks       int
	Before      int // polls until it is known whether notifications arrive
	IsListening *bool
	Cause       error
}

// Changed counts a notification for the user.
func (e *Ear) Changed(userID string, _ int64) {
	e.Mu.Lock()
	defer e.Mu.Unlock()
	e.Latest[userID]++
}

// Look counts a poll.
func (e *Ear) Look() {
	e.Mu.Lock()
	defer e.Mu.Unlock()
	e.Looks++
}

// Listening records whether notifications arrive, and how many polls came before that was known.
func (e *Ear) Listening(is bool, cause error) {
	e.Mu.Lock()
	defer e.Mu.Unlock()
	if e.IsListening == nil {
		e.Before = e.Looks
	}
	e.IsListening, e.Cause = &is, cause
}

// Eventually waits until the condition is true.
func (e *Ear) Eventually(t *testing.T, what string, holds func(*Ear) bool) {
	t.Helper()
	for deadline := time.Now().Add(waittest.Patience); ; time.Sleep(5 * time.Millisecond) {
		e.Mu.Lock()
		ok := holds(e)
		e.Mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still not after %v: %s (%+v)", waittest.Patience, what, e)
		}
	}
}

// Hearing makes s watch until the test ends.
func Hearing(t *testing.T, s *Database) *Ear {
	t.Helper()
	e := &Ear{Latest: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	s.OnListening(e.Listening)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, e)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("Watch goes on after its context has ended")
		}
	})
	return e
}

// Host returns the host of the URL.
func Host(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
