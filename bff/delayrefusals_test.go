package bff

import (
	"strconv"
	"testing"
	"time"
)

// TestFrequentRefusalsAreDelayed: each client separately.
func TestFrequentRefusalsAreDelayed(t *testing.T) {
	t.Parallel()
	p, err := newPace(refusalsAtOnce, refusalEvery)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range refusalsAtOnce {
		if wait := p.wait("a", now); wait != 0 {
			t.Fatalf("refusal %d is answered after %v, want at once", i+1, wait)
		}
	}
	for i := range 200 {
		if wait, want := p.wait("a", now), time.Duration(i+1)*refusalEvery; wait != want {
			t.Fatalf("refusal %d is answered after %v, want %v", refusalsAtOnce+i+1, wait, want)
		}
	}
	for range 1000 { // the longest wait, with jitter
		if wait := p.wait("a", now); wait < refusalWait/2 || wait >= refusalWait {
			t.Fatalf("got a wait of %v, want from %v to %v", wait, refusalWait/2, refusalWait)
		}
	}
	if wait := p.wait("b", now); wait != 0 {
		t.Errorf("another client waits %v", wait)
	}
	if wait := p.wait("a", now.Add(refusalWait+refusalsAtOnce*refusalEvery)); wait != 0 {
		t.Errorf("after a pause: got a wait of %v", wait)
	}
	for i := range refusedClients + 10 {
		p.wait(strconv.Itoa(i), now)
	}
	if n := p.next.Len(); n != refusedClients {
		t.Errorf("got %d clients remembered, want %d", n, refusedClients)
	}
}
