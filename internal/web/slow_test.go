package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/pipetest"
)

// Slow requests are timed by a fake clock here (testing/synctest).

// unhurriedly makes h answer one request with DefaultDeadlines, and returns the client's
// end of the connection. synctest checks that everything has ended with the test,
// goroutines included.
func unhurriedly(t *testing.T, h http.HandlerFunc) net.Conn {
	t.Helper()
	ln := pipetest.Listen()
	srv := &http.Server{Handler: DefaultDeadlines.Wrap(h)}
	accepts := GuardFraming(srv, ln)
	go func() { _ = srv.Serve(accepts) }()
	client, err := ln.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = srv.Close()
	})
	return client
}

func TestALargeAnswerNeedsAFasterReader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size, rate int64 // bytes, bytes a second
		whole      bool
	}{
		{64 << 10, 1200, true},
		{8 << 20, 1000, false},
		{8 << 20, 2000, false},
		{8 << 20, 8000, true}, // a line of 64 kbit/s
	} {
		t.Run(fmt.Sprintf("%d KiB at %d bytes a second", tt.size>>10, tt.rate), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start, ended := time.Now(), make(chan error, 1)
				c := unhurriedly(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Connection", "close")
					_, err := w.Write(make([]byte, tt.size))
					ended <- err
					if err != nil {
						panic(http.ErrAbortHandler)
					}
				})
				_, _ = io.WriteString(c, get)
				got := pipetest.Trickle(c, tt.rate/10, nil)
				switch err := <-ended; {
				case tt.whole && (err != nil || got < tt.size):
					t.Errorf("got %d bytes in %v, %v, want all", got, time.Since(start), err)
				case !tt.whole && !errors.Is(err, os.ErrDeadlineExceeded):
					t.Errorf("got %d bytes in %v, %v, want it broken off", got, time.Since(start), err)
				case !tt.whole && time.Since(start) > 2*time.Minute:
					t.Errorf("it took %v, want two minutes at most", time.Since(start))
				}
			})
		})
	}
}

func TestALargeStreamMayBeQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const events = 20
		ended := make(chan error, 1)
		c := unhurriedly(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			for range events { // a burst, small events, and nothing
				for _, size := range []int{200 << 10, 100, 100} {
					_, _ = w.Write(make([]byte, size))
					if err := http.NewResponseController(w).Flush(); err != nil {
						ended <- err
						panic(http.ErrAbortHandler)
					}
					time.Sleep(time.Hour)
				}
			}
			ended <- nil
		})
		_, _ = io.WriteString(c, get)
		pipetest.Trickle(c, 500, nil)
		if err := <-ended; err != nil {
			t.Errorf("got %v, want an open stream", err)
		}
	})
}

func TestABodyMayBeProducedWhileItIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		c := unhurriedly(t, func(_ http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(io.Discard, r.Body); n != size || err != nil {
				t.Errorf("got %d bytes, %v, want all", n, err)
			}
		})
		var sender sync.WaitGroup
		defer sender.Wait()
		sender.Go(func() {
			_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
			for sent := 0; sent < size; sent += 64 {
				_, _ = c.Write(make([]byte, 64))
				time.Sleep(100 * time.Millisecond)
			}
		})
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("got %v, %v, want 200", res, err)
		}
	})
}

// TestCutOffReadersLeaveNoConnections: the server closes their connections, although they
// keep their own ends open, and their handlers return.
func TestCutOffReadersLeaveNoConnections(t *testing.T) {
	t.Parallel()
	const readers = 20
	var running, opened, closed atomic.Int32
	limits := Deadlines{Stall: patience, Grace: 200 * time.Millisecond, Rate: 1, Small: 1, LargeRate: 1 << 40}
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), limits, func(w http.ResponseWriter, _ *http.Request) error {
		running.Add(1)
		defer running.Add(-1)
		_, err := w.Write(make([]byte, 64<<20))
		return err
	}), withoutTimeouts, func(srv *http.Server) {
		srv.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				opened.Add(1)
			case http.StateClosed:
				closed.Add(1)
			}
		}
	})
	for range readers {
		dial(t, ts).send(get)
	}
	for start := time.Now(); opened.Load() < readers || closed.Load() < readers || running.Load() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("of %d connections %d are closed, and %d handlers still run", opened.Load(), closed.Load(), running.Load())
		}
	}
}
