package inprocess_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/inprocess"
)

// goroutine returns what names the goroutine that calls it.
func goroutine() string {
	var stack [64]byte
	number, _, _ := bytes.Cut(stack[:runtime.Stack(stack[:], false)], []byte("["))
	return string(number)
}

// TestAGoroutineTakesTheNextCall, also after a panic, until it has waited for long enough.
func TestAGoroutineTakesTheNextCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		idle, pause time.Duration
		same        bool
	}{
		"soon":    {time.Second, time.Second / 2, true},
		"late":    {time.Second, 2 * time.Second, false},
		"no idle": {0, time.Second / 2, false},
	} {
		for what, end := range map[string]func(){"a return": func() {}, "a panic": func() { panic(http.ErrAbortHandler) }} {
			t.Run(name+" after "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var in []string
					transport := &inprocess.Transport{Idle: test.idle, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
						in = append(in, goroutine())
						end()
					})}
					for range 2 {
						req, _ := request(t, nil)
						if res, err := transport.RoundTrip(req); err == nil {
							_, _ = io.ReadAll(res.Body)
							res.Body.Close()
						}
						time.Sleep(test.pause)
					}
					time.Sleep(2 * test.idle)
					if (in[0] == in[1]) != test.same {
						t.Errorf("the calls were made in %q", in)
					}
				})
			})
		}
	}
}

// TestACallDoesNotWaitForAWorker: all workers may be busy.
func TestACallDoesNotWaitForAWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		running, over := 0, make(chan struct{})
		transport := &inprocess.Transport{Idle: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			running++
			_ = http.NewResponseController(w).Flush()
			<-over
		})}
		for range 3 {
			req, _ := request(t, nil)
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			synctest.Wait()
		}
		if running != 3 {
			t.Errorf("%d calls are running, want 3", running)
		}
		close(over)
		time.Sleep(2 * time.Second)
	})
}
