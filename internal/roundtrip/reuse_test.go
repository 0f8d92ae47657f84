package roundtrip

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// TestWhenAConnectionIsUsedAgain: after an answer, the second request goes over the same connection
// or over a new one. It always gets its own answer.
func TestWhenAConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, answer string
		body                 string
		again                bool
	}{
		{"a length", "GET", ok, "ok", true},
		{"no body", "GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "", true},
		{"chunks", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", "ok", true},
		{"trailers", "GET", "HTTP/1.1 200 OK\nTrailer: X\nTransfer-Encoding: chunked\n\n2\nok\n0\nX: y\n\n", "ok", true},
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\nContent-Length: 10\n\n", "", true},
		{"HEAD with chunks", "HEAD", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "", true},
		{"204", "DELETE", "HTTP/1.1 204 No Content\n\n", "", true},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\nContent-Length: 10\n\n", "", true},
		{"an interim answer before it", "GET", "HTTP/1.1 103 Early Hints\nLink: </x>\n\n" + ok, "ok", true},
		{"an interim answer and chunks", "GET", "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n", "", true},

		{"until the end of the connection", "GET", "HTTP/1.1 200 OK\n\nok", "ok", false},
		{"Connection: close", "GET", "HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\nok", "ok", false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\nContent-Length: 2\n\nok", "ok", false},
		{"HTTP/1.0 that would stay open", "GET", "HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: 2\n\nok", "ok", false},
		{"a switch of protocols", "GET", "HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: Upgrade\n\n", "", false},
		{"an impossible status", "GET", "HTTP/1.1 042 Hm\nContent-Length: 0\n\n", "", false},
		{"more than the length", "GET", ok + ok, "ok", false},
		{"more than the chunks", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n" + ok, "", false},
		{"a body after HEAD", "HEAD", ok, "", false},
		{"a body after 204", "GET", "HTTP/1.1 204 No Content\nContent-Length: 2\n\nok", "", false},
		{"a body after 304", "GET", "HTTP/1.1 304 Not Modified\nContent-Length: 2\n\nok", "", false},
		{"a length and chunks", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", "ok", false},
		{"chunks and a length in small letters", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\ncontent-length: 2\n\n2\nok\n0\n\n", "ok", false},
		{"chunks and a length that is no header", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length : 2\n\n2\nok\n0\n\n", "ok", false},
		{"chunks and a header of which not all is here", "GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nX: " + strings.Repeat("x", 5000) + "\n\n0\n\n", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, func(s *session) {
				for s.next() != nil {
					if s.server.requests.Load() > 1 {
						_ = s.say("HTTP/1.1 200 OK\nContent-Length: 6\n\nsecond")
						continue
					}
					_ = s.say(test.answer)
					if test.name == "until the end of the connection" {
						return
					}
				}
			})
			transport := to(s)
			_, body, err := fetch(transport, request(t.Context(), s, test.method))
			if body != test.body || err != nil {
				t.Errorf("got %q (%v), want %q", body, err, test.body)
			}
			if kept := len(transport.kept()) > 0; kept != test.again {
				t.Errorf("the connection is kept: %t, want %t", kept, test.again)
			}
			if body := mustFetch(transport, s); body != "second" {
				t.Errorf("the second request got %q", body)
			}
			if again := s.opened.Load() == 1; again != test.again {
				t.Errorf("the connection is used again: %t, want %t", again, test.again)
			}
		})
	}
	t.Run("not if the request closes it", func(t *testing.T) {
		s := serve(t, saying(ok))
		transport := to(s)
		r := request(t.Context(), s, http.MethodGet)
		r.Close = true
		if _, _, err := fetch(transport, r); err != nil || len(transport.kept()) != 0 {
			t.Errorf("got %v, and %d connections kept", err, len(transport.kept()))
		}
	})
}

// notQuiet waits until the client's system knows what the server has done on the idle connection.
func notQuiet(t *testing.T, transport *Transport) {
	t.Helper()
	c := transport.kept()[0]
	waittest.Until(t, "the server's act arrives", func() bool { return !c.quiet() })
}

// TestBytesThatNobodyAskedFor is about the answer of another user: the server sends something
// between two requests, when the first one has its answer.
func TestBytesThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	for name, bytes := range map[string]string{"an answer": "HTTP/1.1 200 OK\nContent-Length: 5\n\nother", "a byte": "H"} {
		t.Run(name, func(t *testing.T) {
			send := make(chan struct{})
			s := serve(t, func(s *session) {
				s.next()
				_ = s.say(ok)
				if s.number == 1 {
					<-send
					_ = s.say(bytes)
				}
				s.untilClosed()
			})
			transport := to(s)
			mustFetch(transport, s)
			close(send)
			notQuiet(t, transport)
			if body := mustFetch(transport, s); body != "ok" || s.opened.Load() != 2 {
				t.Errorf("got %q over %d connections, want the own answer over a second one", body, s.opened.Load())
			}
			waittest.Until(t, "the connection is closed", func() bool { return s.closed.Load() == 1 })
		})
	}
}

// TestAConnectionRestsAfterAnAnswerWithoutABody: a body that the server sends all the same, and
// late, is nobody's answer.
func TestAConnectionRestsAfterAnAnswerWithoutABody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, method, answer string }{
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\nContent-Length: 39\n\n"},
		{"204", "DELETE", "HTTP/1.1 204 No Content\n\n"},
		{"304", "GET", "HTTP/1.1 304 Not Modified\n\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			send := make(chan struct{})
			s := serve(t, func(s *session) {
				for s.next() != nil {
					if s.number > 1 {
						_ = s.say(ok)
						continue
					}
					_ = s.say(test.answer)
					<-send
					_ = s.say("HTTP/1.1 200 OK\nContent-Length: 5\n\nother")
				}
			})
			transport := to(s)
			transport.idle.rest = time.Hour
			if _, _, err := fetch(transport, request(t.Context(), s, test.method)); err != nil {
				t.Fatal(err)
			}
			if body := mustFetch(transport, s); body != "ok" || s.opened.Load() != 2 {
				t.Errorf("got %q over %d connections, want the own answer over a second one", body, s.opened.Load())
			}
			resting := transport.kept()[0]
			close(send)
			waittest.Until(t, "the body arrives", func() bool { return !resting.quiet() })
			transport.idle.rest = time.Nanosecond
			transport.idle.idle = []*conn{resting}
			if body := mustFetch(transport, s); body != "ok" || s.opened.Load() != 3 {
				t.Errorf("got %q over %d connections, want the own answer over a third one", body, s.opened.Load())
			}
		})
	}
}

// TestAConnectionThatDiedWhileIdle: no request is sent on it, so also a POST succeeds.
func TestAConnectionThatDiedWhileIdle(t *testing.T) {
	t.Parallel()
	for _, method := range methods {
		hangUp := make(chan struct{})
		s := serve(t, func(s *session) {
			for s.next() != nil {
				_ = s.say("HTTP/1.1 204 No Content\n\n")
				if s.number == 1 {
					<-hangUp
					return
				}
			}
		})
		transport := to(s)
		mustFetch(transport, s)
		close(hangUp)
		notQuiet(t, transport)
		if _, _, err := fetch(transport, request(t.Context(), s, method)); err != nil || s.requests.Load() != 2 {
			t.Errorf("%s: got %v, and %d requests at the server, want 2", method, err, s.requests.Load())
		}
	}
}

func TestOldConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	transport := to(s, func(t *Transport) { t.IdleTimeout = 20 * time.Millisecond })
	meet(t, transport, s, 3)
	waittest.Until(t, "no connection is open", func() bool { return s.closed.Load() == s.opened.Load() })
	waittest.Until(t, "no timer runs", func() bool {
		transport.idle.mu.Lock()
		defer transport.idle.mu.Unlock()
		return !transport.idle.timed
	})
	if n := s.opened.Load(); n != 3 {
		t.Errorf("got %d connections, want 3", n)
	}
}

// TestAnOldConnectionIsNotUsed, also if the timer is late.
func TestAnOldConnectionIsNotUsed(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	transport := to(s)
	mustFetch(transport, s)
	transport.kept()[0].since = time.Now().Add(-transport.IdleTimeout)
	mustFetch(transport, s)
	if n := s.opened.Load(); n != 2 {
		t.Errorf("got %d connections, want 2", n)
	}
}

// meet sends n requests at the same time and waits until all have their answers.
func meet(t *testing.T, transport *Transport, s *server, n int) {
	t.Helper()
	var open []*http.Response
	for range n {
		res, err := transport.RoundTrip(request(t.Context(), s, http.MethodGet))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, res)
	}
	for _, res := range open {
		if body, err := readAll(res); body != "ok" || err != nil {
			t.Errorf("got %q, %v", body, err)
		}
	}
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	transport := to(s, func(t *Transport) { t.MaxIdle = 2 })
	meet(t, transport, s, 5)
	waittest.Until(t, "the others are closed", func() bool { return s.closed.Load() == 3 })
	if n := len(transport.kept()); n != 2 {
		t.Errorf("%d connections are kept, want 2", n)
	}
	latest := transport.kept()[1]
	mustFetch(transport, s)
	if kept := transport.kept(); len(kept) != 2 || kept[1] != latest || s.opened.Load() != 5 {
		t.Error("the connection that was used last is not the one that is used first")
	}
	transport.CloseIdleConnections()
	waittest.Until(t, "all are closed", func() bool { return s.closed.Load() == 5 })
}
