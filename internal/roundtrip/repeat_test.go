package roundtrip

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestWhatIsRepeated: a server reads a request on a connection that was used before, and closes it
// without an answer.
func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	for _, method := range methods {
		want := int32(1)
		if method == http.MethodGet || method == http.MethodHead {
			want = 2
		}
		t.Run(method, func(t *testing.T) {
			var got atomic.Int32
			s := serve(t, func(s *session) {
				for r := s.next(); r != nil; r = s.next() {
					if r.Header.Get("Idempotency-Key") != "" && got.Add(1) == 1 {
						return
					}
					_ = s.say("HTTP/1.1 204 No Content\n\n")
				}
			})
			transport := to(s)
			mustFetch(transport, s)
			r := request(t.Context(), s, method)
			r.Header.Set("Idempotency-Key", "k")
			r.Header.Set("X-Idempotency-Key", "k")
			_, _, err := fetch(transport, r)
			if n := got.Load(); n != want || (err == nil) != (want == 2) {
				t.Errorf("the server got the request %d times, want %d; the error is %v", n, want, err)
			}
		})
	}
}

// TestNothingIsRepeatedTwice: the server closes every connection after it has read the request.
func TestNothingIsRepeatedTwice(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *session) {
		s.next()
		if s.number < 4 {
			_ = s.say(ok)
			s.next()
		}
	})
	transport := to(s)
	meet(t, transport, s, 3)
	if _, _, err := fetch(transport, request(t.Context(), s, http.MethodGet)); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want %v", err, io.EOF)
	}
	if n := s.requests.Load() - 3; n != 2 {
		t.Errorf("the server got the request %d times, want twice", n)
	}
}

func TestANewConnectionThatFailsIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *session) { s.next() })
	if _, _, err := fetch(to(s), request(t.Context(), s, http.MethodGet)); err == nil || s.requests.Load() != 1 {
		t.Errorf("got %v, and %d requests at the server, want an error and 1", err, s.requests.Load())
	}
}

func TestARequestWhoseAnswerHasBegunIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, begun := range []string{"H", "HTTP/1.1 200 OK\nContent-Le", "HTTP/1.1 103 Early Hints\n\n"} {
		s := serve(t, func(s *session) {
			s.next()
			_ = s.say(ok)
			s.next()
			_ = s.say(begun)
		})
		transport := to(s)
		mustFetch(transport, s)
		if _, _, err := fetch(transport, request(t.Context(), s, http.MethodGet)); err == nil || s.requests.Load() != 2 {
			t.Errorf("%q: got %v, and %d requests at the server, want an error and 2", begun, err, s.requests.Load())
		}
	}
}

// brittle is a connection whose next write can fail before it has sent a byte.
type brittle struct {
	*net.TCPConn
	broken *atomic.Bool
}

func (c brittle) Write(p []byte) (int, error) {
	if c.broken.Swap(false) {
		return 0, syscall.EPIPE
	}
	return c.TCPConn.Write(p)
}

// TestWhatWasNotSentIsSentAgain, whatever the method is.
func TestWhatWasNotSentIsSentAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	var broken atomic.Bool
	transport := to(s, func(t *Transport) {
		t.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return brittle{c.(*net.TCPConn), &broken}, nil
		}
	})
	mustFetch(transport, s)
	broken.Store(true)
	if _, body, err := fetch(transport, request(t.Context(), s, http.MethodDelete)); body != "ok" || s.requests.Load() != 2 {
		t.Errorf("got %q (%v), and %d requests at the server, want 2", body, err, s.requests.Load())
	}
	broken.Store(true)
	transport.CloseIdleConnections()
	if _, _, err := fetch(transport, request(t.Context(), s, http.MethodGet)); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v on a new connection, want %v", err, syscall.EPIPE)
	}
}

// TestAnEarlyAnswerToALargeHeadIsNotLost: the server refuses the request before it has read all of
// its head. The write of the rest fails before, during or after the reading of the answer.
func TestAnEarlyAnswerToALargeHeadIsNotLost(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *session) {
		_, _ = s.in.Peek(1)
		_ = s.say("HTTP/1.1 431 Request Header Fields Too Large\nConnection: close\nContent-Length: 2\n\nno")
	})
	transport := to(s)
	const rounds = 30
	for range rounds {
		r := request(t.Context(), s, http.MethodGet)
		for _, name := range []string{"A", "B", "C", "D"} {
			r.Header.Set(name, strings.Repeat("x", 1<<20))
		}
		if res, body, err := fetch(transport, r); err != nil || res.StatusCode != 431 || body != "no" {
			t.Fatalf("got %v, %q", err, body)
		}
	}
	if n := s.opened.Load(); n != rounds {
		t.Errorf("got %d connections for %d requests", n, rounds)
	}
}
