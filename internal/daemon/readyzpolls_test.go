package daemon

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAStopWaitsForRegularReadyzPolls(t *testing.T) {
	for _, tt := range []struct {
		name   string
		polls  []time.Duration // polls before the stop: how long before it
		seen   time.Duration   // the first poll after the stop: how long after it; 0 for none
		waited time.Duration
	}{
		{"no polls", nil, 0, 0},
		{"one poll", []time.Duration{time.Second}, 0, 0},
		{"a balancer polls every second", []time.Duration{2 * time.Second, time.Second}, time.Second, time.Second + routingDelay},
		{"a balancer stops polling", []time.Duration{2 * time.Second, time.Second}, 0, 2*time.Second + routingDelay},
		{"polls long ago", []time.Duration{time.Minute + time.Second, time.Minute}, 0, 0},
		{"polls at long intervals", []time.Duration{25 * time.Second, 5 * time.Second}, 0, 0},
		{"the wait has a limit", []time.Duration{14 * time.Second, 5 * time.Second}, 0, maxPollWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n readyzPolls
				stop := time.Now()
				for _, before := range tt.polls {
					n.recordReady(stop.Add(-before))
				}
				if tt.seen > 0 {
					go func() {
						time.Sleep(tt.seen)
						n.recordStopping()
						n.recordStopping()
					}()
				}
				n.waitForPoller(stop)
				if got := time.Since(stop); got != tt.waited {
					t.Errorf("got %v of waiting, want %v", got, tt.waited)
				}
			})
		})
	}
}
