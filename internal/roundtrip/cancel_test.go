package roundtrip

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"

	"vestibule/internal/waittest"
)

// TestTheEndOfTheContextEndsAnExchange with its cause, at each stage.
func TestTheEndOfTheContextEndsAnExchange(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	for name, stage := range map[string]struct {
		answer  string
		dialing bool
	}{
		"while dialling":            {dialing: true},
		"before the header":         {},
		"in the header":             {answer: "HTTP/1.1 200 OK\nX: "},
		"after an interim answer":   {answer: "HTTP/1.1 102 Processing\n\n"},
		"before the body":           {answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\n"},
		"in the body":               {answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\no"},
		"in a chunk":                {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\no"},
		"in a body without an end":  {answer: "HTTP/1.1 200 OK\n\nok"},
		"between chunks, as events": {answer: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\n\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{}, 1)
			s := serve(t, func(s *session) {
				if s.next() == nil {
					return
				}
				_ = s.say(stage.answer)
				reached <- struct{}{}
				s.untilClosed()
			})
			transport := to(s, func(t *Transport) {
				if stage.dialing {
					t.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						reached <- struct{}{}
						<-ctx.Done()
						return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
					}
				}
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-reached
				cancel(cause)
			}()
			if _, _, err := fetch(transport, request(ctx, s, http.MethodGet)); !errors.Is(err, cause) {
				t.Errorf("got %v, want %v", err, cause)
			}
			waittest.Until(t, "the connection is closed", func() bool { return s.closed.Load() == s.opened.Load() })
			if len(transport.kept()) != 0 {
				t.Error("the connection is kept")
			}
			if _, _, err := fetch(transport, request(ctx, s, http.MethodGet)); !errors.Is(err, cause) {
				t.Errorf("got %v for a request that begins afterwards, want %v", err, cause)
			}
		})
	}
}

// TestAConnectionWhoseContextEndedIsNotKept: its deadline changes now or later. The server's answer
// is complete all the same.
func TestAConnectionWhoseContextEndedIsNotKept(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	transport := to(s)
	ctx, cancel := context.WithCancel(t.Context())
	res, err := transport.RoundTrip(request(ctx, s, http.MethodGet))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if body, err := readAll(res); body != "ok" || err != nil { // it is in the buffer
		t.Errorf("got %q, %v", body, err)
	}
	if len(transport.kept()) != 0 {
		t.Error("the connection is kept")
	}
}

// TestNoGoroutineWaits is not parallel: the goroutines of other tests would count too.
func TestNoGoroutineWaits(t *testing.T) {
	const streams = 20
	s := serve(t, func(s *session) {
		for r := s.next(); r != nil; r = s.next() {
			if r.Method == http.MethodHead {
				_ = s.say("HTTP/1.1 200 OK\n\n")
				continue
			}
			_ = s.say("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n")
		}
	})
	transport := to(s)
	before := runtime.NumGoroutine()
	settled := func() int { return runtime.NumGoroutine() - before - int(s.opened.Load()-s.closed.Load()) }
	var open []*http.Response
	for range streams {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		res, err := transport.RoundTrip(request(ctx, s, http.MethodGet))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 2)); err != nil {
			t.Fatal(err)
		}
		open = append(open, res)
	}
	waittest.Until(t, "an open stream has no goroutine", func() bool { return settled() <= 0 })
	for _, res := range open {
		res.Body.Close()
	}
	if _, _, err := fetch(transport, request(t.Context(), s, http.MethodHead)); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "an idle connection has no goroutine", func() bool { return settled() <= 0 })
}
