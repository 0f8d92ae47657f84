package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// watched is an API whose exchanges report how they began and ended.
type watched struct {
	began chan string // the path
	ended chan error  // the cause of the end of the request's context
}

func newWatched() watched { return watched{make(chan string, 100), make(chan error, 100)} }

func (a watched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	_ = c.EnableFullDuplex()
	defer func() {
		<-r.Context().Done()
		a.ended <- context.Cause(r.Context())
	}()
	switch r.URL.Path {
	case "/api/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": hello\n\n")
		_ = c.Flush()
		a.began <- "events"
	case "/api/download":
		a.began <- "download"
		_, _ = io.Copy(w, zeros{})
	case "/api/upload":
		_, _ = io.ReadFull(r.Body, make([]byte, 1))
		a.began <- "upload"
		_, _ = io.Copy(io.Discard, r.Body)
	case "/api/silence":
		a.began <- "silence"
	}
}

// startExchange starts a request of each kind and waits until the API has it.
func startExchange(t *testing.T, r *rig, api watched, kind string) *rawConn {
	t.Helper()
	head := "GET /api/proxy/" + kind + " HTTP/1.1\nHost: app\nCookie: a=b\n\n"
	switch kind {
	case "upload":
		head = "POST /api/proxy/upload HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 1000\n\nx"
	case "chunked upload":
		head = "POST /api/proxy/upload HTTP/1.1\nHost: app\nCookie: a=b\nTransfer-Encoding: chunked\n\n1\nx\n"
	}
	c := r.raw(head)
	waittest.Receive(t, "the API", api.began)
	return c
}

var kinds = []string{"events", "download", "upload", "chunked upload", "silence"}

// promptly is longer than a busy machine needs to end an exchange. It is shorter than the
// 30 seconds after which the deadlines for a stalled client would end it anyway.
const promptly = 20 * time.Second

func TestAClientThatDisconnectsEndsItsExchange(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			api := newWatched()
			r := newRig(t, api)
			c := startExchange(t, r, api, kind)
			c.Close()
			waittest.Receive(t, "the end of the API's request", api.ended)
			r.wantLog(`"surface":"bff"`)
			if n := r.authorized.Load(); n != 1 {
				t.Errorf("Authorize was called %d times, want once", n)
			}
		})
	}
}

// TestTheEndOfASessionEndsItsExchanges: they end immediately, even if the client neither
// sends nor reads.
func TestTheEndOfASessionEndsItsExchanges(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			api := newWatched()
			r := newRig(t, api)
			c := startExchange(t, r, api, kind)
			var begun *http.Response
			if kind == "events" || kind == "download" {
				begun = c.readHeader()
			}
			if kind == "download" {
				time.Sleep(100 * time.Millisecond) // until all buffers are full
			}
			start := time.Now()
			r.endSession()
			waittest.Receive(t, "the end of the API's request", api.ended)
			r.wantLog(`"path":"/api/proxy/` + strings.TrimPrefix(kind, "chunked "))
			if took := time.Since(start); took > promptly {
				t.Errorf("the end took %v", took)
			}
			if begun != nil {
				body, err := io.ReadAll(begun.Body)
				told := strings.HasSuffix(string(body), lastEvent)
				if complete := err == nil; complete != told || told != (kind == "events") {
					t.Errorf("the client got a complete answer: %t, the last event: %t", complete, told)
				}
				return
			}
			res, body := c.answer("GET") // the answer had not begun
			r.wantError(res, body, http.StatusUnauthorized, "SESSION_EXPIRED")
			if res.Header.Get("Set-Cookie") == "" {
				t.Error("the cookie is not cleared")
			}
			if kind != "silence" {
				c.wantClosed()
			}
		})
	}
}

// TestTheEndOfTheServerEndsExchanges: after http.Server.Close, or when the base context
// ends, no request may stay at the API, and no answer may be sent in its place.
func TestTheEndOfTheServerEndsExchanges(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			api := newWatched()
			r := newRig(t, api)
			base, stop := context.WithCancel(context.Background())
			handler := r.front.Config.Handler
			r.front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				ctx, cancel := context.WithCancel(req.Context())
				defer cancel()
				defer context.AfterFunc(base, cancel)()
				handler.ServeHTTP(w, req.WithContext(ctx))
			})
			c := startExchange(t, r, api, kind)
			stop()
			waittest.Receive(t, "the end of the API's request", api.ended)
			res, err := http.ReadResponse(c.r, nil)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
			}
			if err == nil {
				t.Errorf("the client got a complete answer: %d", res.StatusCode)
			}
		})
	}
}

// TestASlowReaderHoldsBackTheAPI: the proxy does not buffer what the client does not read.
func TestASlowReaderHoldsBackTheAPI(t *testing.T) {
	t.Parallel()
	sent := make(chan int64, 1)
	stall := make(chan struct{})
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var n int64
		buf := make([]byte, 64<<10)
		for n < 1<<30 {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
			m, err := w.Write(buf)
			n += int64(m)
			if err != nil {
				break
			}
		}
		sent <- n
		close(stall)
	}))
	c := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n\n")
	<-stall
	if n := waittest.Receive(t, "the number of bytes that the API sent", sent); n > 64<<20 {
		t.Errorf("the API could send %d MB although the client read nothing", n>>20)
	}
	c.Close()
}

// TestALeaseThatEndsWhileTheSessionIsValid: the client gets no answer, because the API may
// already have acted.
func TestALeaseThatEndsWhileTheSessionIsValid(t *testing.T) {
	t.Parallel()
	api := newWatched()
	end := make(chan context.CancelCauseFunc, 1)
	r := newRig(t, api, func(c *Config) {
		c.Authorize = func(*http.Request) (Grant, error) {
			return Grant{Bind: func(cancel context.CancelCauseFunc) func() {
				end <- cancel
				return func() {}
			}}, nil
		}
	})
	c := startExchange(t, r, api, "silence")
	(<-end)(errSessionOver)
	if res, err := http.ReadResponse(c.r, nil); err == nil {
		t.Errorf("got %d", res.StatusCode)
	}
}

// TestABodyThatBreaksAfterTheAnswerHasBegun: the answer ends, whatever the transport
// reports.
func TestABodyThatBreaksAfterTheAnswerHasBegun(t *testing.T) {
	t.Parallel()
	r := newRig(t, "http://api.internal", func(c *Config) {
		c.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
			answer, w := io.Pipe()
			go func() { _, _ = io.Copy(io.Discard, req.Body) }()
			go func() {
				_, _ = io.WriteString(w, "hello")
				<-req.Context().Done()
				w.CloseWithError(req.Context().Err())
			}()
			return &http.Response{StatusCode: 200, ContentLength: -1, Header: http.Header{}, Body: answer}, nil
		})
	})
	c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nTransfer-Encoding: chunked\n\n1\nx\n")
	res := c.readHeader()
	c.send("broken\n")
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("got %q as a whole answer", body)
	}
	c.wantClosed()
}
