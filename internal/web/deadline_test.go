package web

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// brief are limits that a test can wait for. Slow requests must end within patience, which
// no other limit would achieve. Requests that are only long last for several stalls.
var brief = Deadlines{Stall: 100 * time.Millisecond, Grace: 200 * time.Millisecond, Rate: 1000}

const severalStalls = 200 * time.Millisecond

// unhurried are limits for a client that has to act in time even on a busy machine.
var unhurried = Deadlines{Stall: 500 * time.Millisecond, Grace: time.Second, Rate: 1000}

// withoutTimeouts leaves all limits to Deadlines.
func withoutTimeouts(srv *http.Server) { srv.ReadTimeout, srv.WriteTimeout = 0, 0 }

// withShortTimeouts sets timeouts that end long before an answer that takes severalStalls.
func withShortTimeouts(srv *http.Server) {
	srv.ReadTimeout, srv.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
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
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), unhurried, func(w http.ResponseWriter, r *http.Request) error {
		time.Sleep(2 * unhurried.Stall)
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

func TestALongAnswerIsNotCutOff(t *testing.T) {
	t.Parallel()
	for name, timeouts := range serverTimeouts {
		for method, request := range map[string]string{
			"without a body": get, "with a body": post("hello"), "with chunks": chunked + "5\r\nhello\r\n0\r\n\r\n",
		} {
			t.Run(name+", request "+method, func(t *testing.T) {
				t.Parallel()
				ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, r *http.Request) error {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return err
					}
					for range 2 {
						if _, err := io.WriteString(w, "event\n"); err != nil {
							t.Errorf("write: %v", err)
						}
						time.Sleep(severalStalls)
						if err := http.NewResponseController(w).Flush(); err != nil {
							t.Errorf("flush: %v", err)
						}
					}
					if err := r.Context().Err(); err != nil {
						t.Errorf("got %v, want the request alive", err)
					}
					return nil
				}), timeouts)
				c := dial(t, ts)
				c.send(request)
				if res, body := c.answer(); res.StatusCode != http.StatusOK || body != "event\nevent\n" {
					t.Errorf("got %d %q, want two events", res.StatusCode, body)
				}
			})
		}
	}
}

func TestAStalledReaderEndsTheAnswer(t *testing.T) {
	t.Parallel()
	writes := map[string]func(http.ResponseWriter) error{
		"in one write": func(w http.ResponseWriter) error {
			_, err := w.Write(make([]byte, 64<<20))
			return err
		},
		"in many": func(w http.ResponseWriter) error {
			for range 64 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return err
				}
			}
			return nil
		},
		"flushed": func(w http.ResponseWriter) error {
			for range 64 << 10 {
				_, _ = w.Write(make([]byte, 1<<10))
				if err := http.NewResponseController(w).Flush(); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := make(chan error, 1)
			ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, _ *http.Request) error {
				result <- write(w)
				panic(http.ErrAbortHandler)
			}), withoutTimeouts)
			c := dial(t, ts)
			c.send(get)
			select {
			case err := <-result:
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v, want a deadline exceeded", err)
				}
			case <-time.After(patience):
				t.Error("the handler is still writing")
			}
		})
	}
}

func TestAReaderThatKeepsReadingGetsAllOfAnAnswerInOnePiece(t *testing.T) {
	t.Parallel()
	const size = 24 << 20
	// Longer than the system needs to notice that there is room again (up to a second on a
	// busy machine), and shorter than the whole answer takes.
	limits := Deadlines{Stall: 2 * time.Second, Grace: 4 * time.Second, Rate: 1000}
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), limits, func(w http.ResponseWriter, _ *http.Request) error {
		n, err := w.Write(make([]byte, size))
		if n != size || err != nil {
			t.Errorf("got %d, %v, want all written", n, err)
		}
		return nil
	}), withoutTimeouts)
	c := dial(t, ts)
	_ = c.SetReadBuffer(64 << 10)
	c.send(get)
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got int64
	for err == nil {
		var n int64
		n, err = io.CopyN(io.Discard, res.Body, 512<<10)
		got += n
		time.Sleep(80 * time.Millisecond) // four seconds in all
	}
	if err != io.EOF || got != size {
		t.Errorf("got %d bytes and %v, want %d", got, err, size)
	}
}

func TestAConnectionIsKeptThroughLongPauses(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, r *http.Request) error {
		_, _ = io.Copy(w, r.Body)
		return nil
	}), withShortTimeouts)
	c := dial(t, ts)
	for _, request := range []string{post("hello"), get, post("")} {
		c.send(request)
		c.wantStatus(http.StatusOK)
		time.Sleep(severalStalls)
	}
}

func TestAHijackedConnectionHasNoDeadlines(t *testing.T) {
	t.Parallel()
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, _ *http.Request) error {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_, _ = w.Write([]byte("refused with http.ErrHijacked"))
		for range 2 {
			time.Sleep(severalStalls)
			line, err := buf.ReadString('\n')
			if err != nil {
				t.Errorf("read: %v", err)
			}
			if _, err := io.WriteString(conn, line); err != nil {
				t.Errorf("write: %v", err)
			}
		}
		return nil
	}), withShortTimeouts)
	c := dial(t, ts)
	c.send(get)
	for range 2 {
		time.Sleep(severalStalls)
		c.send("hello\n")
		if line, err := c.in.ReadString('\n'); err != nil || line != "hello\n" {
			t.Fatalf("got %q, %v, want the line back", line, err)
		}
	}
}

// net/http waits for half a second before it closes a connection whose client is still
// sending, since many clients lose the answer when the connection is reset.
func TestAnEarlyAnswerReachesAClientThatIsStillSending(t *testing.T) {
	t.Parallel()
	ts := startServer(t, DefaultDeadlines.Wrap(Handle(func(w http.ResponseWriter, r *http.Request) error {
		_, err := testBodies.ReadObject(w, r, "sender")
		return err
	}, writeTestError)))
	c := dial(t, ts)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 67108864\r\n\r\n" +
		strings.Repeat("x", 512<<10)) // fits the buffers on the way, and is never read
	c.wantStatus(http.StatusRequestEntityTooLarge)
	if _, err := c.in.ReadByte(); err != io.EOF {
		t.Errorf("got %v after the answer, want EOF and no reset", err)
	}
}

// fakeConn is a ResponseWriter that counts how often its deadlines are set.
type fakeConn struct {
	http.ResponseWriter
	reads, writes int
}

func (f *fakeConn) SetReadDeadline(time.Time) error  { f.reads++; return nil }
func (f *fakeConn) SetWriteDeadline(time.Time) error { f.writes++; return nil }

func (f *fakeConn) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// wantNoMore fails when act sets a deadline.
func (f *fakeConn) wantNoMore(t *testing.T, act func()) {
	t.Helper()
	reads, writes := f.reads, f.writes
	if reads == 0 || writes == 0 {
		t.Errorf("got %d read and %d write deadlines before, want some", reads, writes)
	}
	act()
	if f.reads != reads || f.writes != writes {
		t.Errorf("got %d read and %d write deadlines more, want none", f.reads-reads, f.writes-writes)
	}
}

func TestNoDeadlineIsSetOnAConnectionAfterTheHandler(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	var left io.Reader // an http.Transport may still have it
	brief.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		left = r.Body
		_, _ = left.Read(make([]byte, 1))
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
	conn.wantNoMore(t, func() { _, _ = io.ReadAll(left) })
}

func TestNoDeadlineIsSetOnAConnectionThatWasHijacked(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	brief.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1))
		_, _ = w.Write([]byte("hello"))
		_, _, _ = http.NewResponseController(w).Hijack()
		conn.wantNoMore(t, func() {
			_, _ = io.ReadAll(r.Body)
			_, _ = w.Write([]byte("hello"))
		})
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
}

// After EOF the server watches the connection; a deadline would end the request.
func TestNoDeadlineIsSetAfterTheEndOfTheBody(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{ResponseWriter: httptest.NewRecorder()}
	brief.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte("hello"))
		conn.wantNoMore(t, func() {
			if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("got %d, %v, want EOF again", n, err)
			}
		})
	})).ServeHTTP(conn, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
}

func TestWithoutAConnectionNothingIsBounded(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	brief.Wrap(http.HandlerFunc(func(inner http.ResponseWriter, _ *http.Request) {
		if inner != http.ResponseWriter(w) {
			t.Error("got a wrapped writer, want the one below")
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("hello")))
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
