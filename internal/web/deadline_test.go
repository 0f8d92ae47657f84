package web

import (
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"
)

// brief are limits that a test can wait for, and that a client meets even on a busy machine.
// Slow requests must end within patience, which no other limit would achieve. Requests that
// are only long last for several stalls.
var brief = Deadlines{Stall: 500 * time.Millisecond, Grace: time.Second, Rate: 1000}

const severalStalls = 2 * 500 * time.Millisecond

// withoutTimeouts leaves all limits to Deadlines.
func withoutTimeouts(srv *http.Server) { srv.ReadTimeout, srv.WriteTimeout = 0, 0 }

// withShortTimeouts sets timeouts that end long before an answer that takes severalStalls.
func withShortTimeouts(srv *http.Server) {
	srv.ReadTimeout, srv.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond
}

var serverTimeouts = map[string]func(*http.Server){
	"server without timeouts":    withoutTimeouts,
	"server with short timeouts": withShortTimeouts,
}

func TestABodyThatComesTooSlowlyIsRefused(t *testing.T) {
	t.Parallel()
	slow := map[string]func(c *wire){
		"stands still": func(*wire) {},
		"trickles, each byte in time": func(c *wire) {
			for { // until the server closes the connection
				if _, err := io.WriteString(c.TCPConn, " "); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		},
	}
	for name, rest := range slow {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logBuffer
			ts := startServer(t, testHandler(log.logger(), brief, func(w http.ResponseWriter, r *http.Request) error {
				_, err := testBodies.ReadObject(w, r, "sender")
				return err
			}), withoutTimeouts)
			c := dial(t, ts)
			c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
			go rest(c)
			if res := c.wantStatus(http.StatusRequestTimeout); !res.Close {
				t.Error("got a connection that is kept, want Connection: close")
			}
			c.wantClosed()
			if rec := log.records(t, 1)[0]; rec["status"] != 408.0 {
				t.Errorf("got record %v, want status 408", rec)
			}
		})
	}
}

// The server itself reads the rest of a body that the handler leaves.
func TestABodyThatNobodyReadsIsBoundedToo(t *testing.T) {
	t.Parallel()
	handlers := map[string]struct {
		handler HandlerFunc
		status  int // 0: no answer
	}{
		"refused": {func(http.ResponseWriter, *http.Request) error {
			return Refuse(http.StatusUnauthorized, "NO", "no")
		}, http.StatusUnauthorized},
		"answered and flushed": {func(w http.ResponseWriter, _ *http.Request) error {
			return http.NewResponseController(w).Flush()
		}, http.StatusOK},
		"broken off": {func(http.ResponseWriter, *http.Request) error {
			panic(http.ErrAbortHandler)
		}, 0},
	}
	for name, tt := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, tt.handler), withoutTimeouts)
			c := dial(t, ts)
			c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
			if tt.status != 0 {
				c.wantStatus(tt.status)
			}
			c.wantClosed()
		})
	}
}

func TestTheHandlersOwnTimeIsNotTheClients(t *testing.T) {
	t.Parallel()
	for name, timeouts := range serverTimeouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, r *http.Request) error {
				time.Sleep(severalStalls) // before the body,
				body := make([]byte, 3)
				if _, err := io.ReadFull(r.Body, body); err != nil {
					return BrokenBody(err)
				}
				time.Sleep(severalStalls) // within it,
				rest, err := io.ReadAll(r.Body)
				if err != nil {
					return BrokenBody(err)
				}
				time.Sleep(severalStalls) // before the answer
				if err := r.Context().Err(); err != nil {
					t.Errorf("got %v, want the request alive", err)
				}
				_, _ = w.Write(append(body, rest...))
				time.Sleep(severalStalls) // and after it, while it is buffered
				return nil
			}), timeouts)
			c := dial(t, ts)
			c.send(post("hello"))
			if res, body := c.answer(); res.StatusCode != http.StatusOK || body != "hello" {
				t.Errorf("got %d %q, want 200 and the body back", res.StatusCode, body)
			}
		})
	}
}

func TestABodyMayBeAskedForLate(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, r *http.Request) error {
		time.Sleep(severalStalls)
		_, err := io.Copy(w, r.Body)
		return err
	}), withShortTimeouts)
	c := dial(t, ts)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	c.wantStatus(http.StatusContinue)
	c.send("hello")
	if res, body := c.answer(); res.StatusCode != http.StatusOK || body != "hello" {
		t.Errorf("got %d %q, want 200 and the body back", res.StatusCode, body)
	}
}

func TestPaceIsLostBelowTheRateAndWonAboveIt(t *testing.T) {
	t.Parallel()
	limits := Deadlines{Stall: 10 * time.Second, Grace: time.Minute, Rate: 100}
	p := pace{limits: limits, left: limits.Grace}
	now := time.Now()
	if got := p.deadline(now).Sub(now); got != limits.Stall {
		t.Errorf("got %v at first, want the stall limit", got)
	}
	near := func(want time.Duration) bool { return p.left > want-time.Second && p.left <= want }
	p.count(100, now.Add(-55*time.Second))
	if !near(6 * time.Second) {
		t.Errorf("got %v left after 100 bytes in 55 s, want 6 s", p.left)
	}
	if got := p.deadline(now).Sub(now); got != p.left {
		t.Errorf("got %v, want what is left", got)
	}
	p.count(1000, now)
	if !near(16 * time.Second) {
		t.Errorf("got %v left after 1000 bytes at once, want 16 s", p.left)
	}
	p.count(1<<30, now)
	if p.left != limits.Grace {
		t.Errorf("got %v left after a gigabyte, want no more than %v", p.left, limits.Grace)
	}
}
