package proxy

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestTwoMayStopAWriteAtOnce, as the end of a session and the end of the exchange do: both return
// when the write has. With sync.Once this test never ends.
func TestTwoMayStopAWriteAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.enter()
		writing := true
		var stopping sync.WaitGroup
		for range 2 {
			stopping.Go(func() {
				g.close(func() error { return nil })
				if writing {
					t.Error("the gate is closed before the write has ended")
				}
			})
		}
		synctest.Wait()
		time.Sleep(5 * time.Millisecond)
		writing = false
		g.leave()
		stopping.Wait()
		if g.enter() {
			t.Error("a write began at a closed gate")
		}
	})
}
