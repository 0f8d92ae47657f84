package roundtrip

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// server is a server that answers by hand.
type server struct {
	testing.TB
	host     string
	opened   atomic.Int32 // connections
	closed   atomic.Int32
	requests atomic.Int32
}

// session is one connection of a server.
type session struct {
	net.Conn
	in     *bufio.Reader
	server *server
	number int32 // of the connection, from 1
}

// serve starts a server. handle gets each connection, which is closed afterwards.
func serve(t testing.TB, handle func(*session)) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{TB: t, host: ln.Addr().String()}
	var running sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			number := s.opened.Add(1)
			running.Go(func() {
				defer s.closed.Add(1)
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(waittest.Patience))
				handle(&session{conn, bufio.NewReader(conn), s, number})
			})
		}
	})
	return s
}

// next reads a request. It returns nil if the client has closed the connection.
func (s *session) next() *http.Request {
	r, err := http.ReadRequest(s.in)
	if err != nil {
		return nil
	}
	s.server.requests.Add(1)
	return r
}

// say writes text, whose \n become CRLF.
func (s *session) say(text string) error {
	_, err := io.WriteString(s, strings.ReplaceAll(text, "\n", "\r\n"))
	return err
}

// untilClosed returns when the client has closed the connection.
func (s *session) untilClosed() { _, _ = io.Copy(io.Discard, s.in) }

// saying answers each request with text.
func saying(text string) func(*session) {
	return func(s *session) {
		for s.next() != nil {
			if s.say(text) != nil {
				return
			}
		}
	}
}

const ok = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"

// to returns a transport to s. Its Other fails all requests.
func to(s *server, adjust ...func(*Transport)) *Transport {
	t := &Transport{
		Host: s.host, Dial: (&net.Dialer{}).DialContext,
		MaxHeader: 64 << 10, MaxIdle: 256, IdleTimeout: waittest.Patience,
		Other: other{},
	}
	t.idle.rest = time.Nanosecond // most tests are about what is used again
	for _, f := range adjust {
		f(t)
	}
	s.Cleanup(t.CloseIdleConnections)
	return t
}

// other stands for the transport that carries the other requests.
type other struct{}

func (other) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOther }

var errOther = io.ErrNoProgress

func request(ctx context.Context, s *server, method string) *http.Request {
	s.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.host+"/", nil)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// fetch sends a request and reads the whole answer.
func fetch(t http.RoundTripper, r *http.Request) (res *http.Response, body string, err error) {
	res, err = t.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	body, err = readAll(res)
	return res, body, err
}

func readAll(res *http.Response) (string, error) {
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return string(all), err
}

// mustFetch sends a GET that must succeed, and returns the body.
func mustFetch(t *Transport, s *server) string {
	s.Helper()
	_, body, err := fetch(t, request(s.Context(), s, http.MethodGet))
	if err != nil {
		s.Fatal(err)
	}
	return body
}

// kept returns the idle connections.
func (t *Transport) kept() []*conn {
	t.idle.mu.Lock()
	defer t.idle.mu.Unlock()
	return append([]*conn(nil), t.idle.idle...)
}
