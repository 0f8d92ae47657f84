package proxy

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/inprocess"
	"vestibule/internal/pipetest"
	"vestibule/internal/web"
)

// The tests of this file run in bubbles of testing/synctest: waiting takes no real time,
// and a goroutine that outlives its test fails the test.

// slowSide is a proxy with the layers of the BFF and an API, with connections that buffer
// nothing.
type slowSide struct {
	testing.TB
	ln *pipetest.Listener
}

// transports are the ways to reach the API.
var transports = map[string]func(testing.TB, http.Handler) http.RoundTripper{
	"in the same process": func(_ testing.TB, api http.Handler) http.RoundTripper {
		return &inprocess.Transport{Handler: api, Log: slog.New(slog.DiscardHandler)}
	},
	"by a connection": func(t testing.TB, api http.Handler) http.RoundTripper {
		standard := newTransport(waitLimit)
		standard.DialContext = serveSlow(t, web.DefaultDeadlines.Wrap(api)).Dial
		direct := newDirect("api.internal", standard.DialContext, sendOnce{standard})
		t.Cleanup(direct.CloseIdleConnections)
		return direct
	},
	"by a standard connection": func(t testing.TB, api http.Handler) http.RoundTripper {
		transport := newTransport(waitLimit)
		transport.DialContext = serveSlow(t, web.DefaultDeadlines.Wrap(api)).Dial
		t.Cleanup(transport.CloseIdleConnections)
		return transport
	},
}

func serveSlow(t testing.TB, h http.Handler) *pipetest.Listener {
	ln := pipetest.Listen()
	srv := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	accepts := web.GuardFraming(srv, ln)
	go func() { _ = srv.Serve(accepts) }()
	t.Cleanup(func() { _ = srv.Close() })
	return ln
}

func newSlowSide(t testing.TB, transport http.RoundTripper, adjust ...func(*Config)) *slowSide {
	t.Helper()
	cfg := Config{
		Route:        defaultRoute(),
		Backend:      mustParse(t, "http://api.internal"),
		Public:       mustParse(t, "https://app.example"),
		Transport:    transport,
		Authorize:    (&rig{TB: t}).authorizeBy(context.Background()),
		AllowUpgrade: func(*http.Request) bool { return true },
		ClientIP:     func(*http.Request) string { return "" },
	}
	for _, f := range adjust {
		f(&cfg)
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &slowSide{t, serveSlow(t, web.RequestLog{
		Log: slog.New(slog.DiscardHandler), Surface: "bff", Errors: writeTestError,
	}.Wrap(web.DefaultDeadlines.Wrap(web.Handle(p.Serve, writeTestError))))}
}

// get sends a request and returns the connection.
func (s *slowSide) get() net.Conn {
	s.Helper()
	return s.send("GET /api/proxy/all HTTP/1.1\r\nHost: x\r\nCookie: session=secret\r\nConnection: close\r\n\r\n")
}

// send writes text to a new connection and returns the connection.
func (s *slowSide) send(text string) net.Conn {
	s.Helper()
	c, err := s.ln.Dial(s.Context(), "", "")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		s.Fatal(err)
	}
	return c
}

// mostHeld is how many bytes of an answer the process may hold: the copy buffer of
// ReverseProxy, and buffers of 2 to 4 KiB before and after it.
const mostHeld = largeBuffer + 32<<10

// TestASlowReaderHoldsLittleAndIsCutOff: the proxy takes no more of an answer than fits the
// buffers, and the API's handler does not outlive the reader.
func TestASlowReaderHoldsLittleAndIsCutOff(t *testing.T) {
	t.Parallel()
	for name, shape := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var written atomic.Int64
				ended := make(chan error, 1)
				s := newSlowSide(t, shape(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					// ReverseProxy flushes the header concurrently with the body, under a lock. A
					// bubble's clock stops while a goroutine waits for a lock.
					_ = http.NewResponseController(w).Flush()
					time.Sleep(time.Second)
					piece := make([]byte, 1<<10)
					for range 8 << 10 {
						n, err := w.Write(piece)
						if written.Add(int64(n)); err != nil {
							ended <- err
							panic(http.ErrAbortHandler)
						}
					}
					ended <- nil
				})))
				c, start := s.get(), time.Now()
				var most int64
				got := pipetest.Trickle(c, 200, func(total int64) {
					synctest.Wait() // until nothing more can happen without the reader
					most = max(most, written.Load()-total)
				})
				if err := <-ended; err == nil {
					t.Errorf("a reader of 2 KB/s got %d bytes, want it cut off", got)
				}
				if took := time.Since(start); took > 2*time.Minute {
					t.Errorf("the reader was cut off after %v, want at most two minutes", took)
				}
				if most > mostHeld {
					t.Errorf("the process held up to %d bytes, want at most %d", most, mostHeld)
				}
			})
		})
	}
}

// TestAnUnreadBodyHoldsLittle: if the API does not read a body, the proxy takes no more of
// it than fits the buffers. (In process, that is nothing.)
func TestAnUnreadBodyHoldsLittle(t *testing.T) {
	t.Parallel()
	for name, shape := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSlowSide(t, shape(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(5 * time.Second)
					w.WriteHeader(http.StatusForbidden)
				})))
				c, err := s.ln.Dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					_ = c.Close()
					time.Sleep(time.Second) // the time in which net/http waits for the client to read the answer
				}()
				var sent atomic.Int64
				go func() {
					_, _ = io.WriteString(c, "POST /api/proxy/all HTTP/1.1\r\nHost: x\r\nCookie: session=secret\r\nContent-Length: 8388608\r\n\r\n")
					for range 8 << 20 {
						if _, err := c.Write([]byte("x")); err != nil {
							return
						}
						sent.Add(1)
					}
				}()
				time.Sleep(time.Second)
				if got := sent.Load(); got > mostHeld {
					t.Errorf("the process took %d bytes, want at most %d", got, mostHeld)
				}
				if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != http.StatusForbidden {
					t.Errorf("got %v, %v, want the API's 403", res, err)
				}
			})
		})
	}
}

// TestASlowAPIDoesNotCountAgainstTheReader: only the reader's own time counts.
func TestASlowAPIDoesNotCountAgainstTheReader(t *testing.T) {
	t.Parallel()
	for name, shape := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSlowSide(t, shape(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for range 200 { // 20 bytes per second
						_, _ = io.WriteString(w, strings.Repeat("x", 1<<10))
						_ = http.NewResponseController(w).Flush()
						time.Sleep(50 * time.Second)
					}
				})))
				res, err := http.ReadResponse(bufio.NewReader(s.get()), nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(res.Body); len(body) != 200<<10 || err != nil {
					t.Errorf("got %d bytes, %v, want all", len(body), err)
				}
			})
		})
	}
}
