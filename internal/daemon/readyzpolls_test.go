package daemon

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAStopWaitsForRegularReadyzPolls(t *testing.T) {
	for _, tt := range []struct {
		name   string
		asked  []time.Duration // when /readyz said ok, before the stop
		told   time.Duration   // when it says stopping, after the stop; 0 for never
		waited time.Duration
	}{
		{"nobody asks", nil, 0, 0},
		{"somebody asked once", []time.Duration{time.Second}, 0, 0},
		{"a balancer asks every second", []time.Duration{2 * time.Second, time.Second}, time.Second, time.Second + routingDelay},
		{"a balancer does not come back", []time.Duration{2 * time.Second, time.Second}, 0, 2*time.Second + routingDelay},
		{"it asked long ago", []time.Duration{time.Minute + time.Second, time.Minute}, 0, 0},
		{"it asks too seldom", []time.Duration{25 * time.Second, 5 * time.Second}, 0, 0},
		{"the wait has a limit", []time.Duration{14 * time.Second, 5 * time.Second}, 0, maxPollWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n readyzPolls
				stop := time.Now()
				for _, before := range tt.asked {
					n.recordReady(stop.Add(-before))
				}
				if tt.told > 0 {
					go func() {
						time.Sleep(tt.told)
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
