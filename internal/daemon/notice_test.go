package daemon

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWhoAsksRegularlyIsToldBeforeTheListenersClose(t *testing.T) {
	for _, tt := range []struct {
		name   string
		asked  []time.Duration // when /readyz said ok, before the stop
		told   time.Duration   // when it says stopping, after the stop; 0 for never
		waited time.Duration
	}{
		{"nobody asks", nil, 0, 0},
		{"somebody asked once", []time.Duration{time.Second}, 0, 0},
		{"a balancer asks every second", []time.Duration{2 * time.Second, time.Second}, time.Second, time.Second + noticeAfter},
		{"a balancer does not come back", []time.Duration{2 * time.Second, time.Second}, 0, 2*time.Second + noticeAfter},
		{"it asked long ago", []time.Duration{time.Minute + time.Second, time.Minute}, 0, 0},
		{"it asks too seldom", []time.Duration{25 * time.Second, 5 * time.Second}, 0, 0},
		{"the wait has a limit", []time.Duration{14 * time.Second, 5 * time.Second}, 0, noticeLimit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n notice
				stop := time.Now()
				for _, before := range tt.asked {
					n.ready(stop.Add(-before))
				}
				if tt.told > 0 {
					go func() {
						time.Sleep(tt.told)
						n.stopping()
						n.stopping()
					}()
				}
				n.wait(stop)
				if got := time.Since(stop); got != tt.waited {
					t.Errorf("got %v of waiting, want %v", got, tt.waited)
				}
			})
		})
	}
}
