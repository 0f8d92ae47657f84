package roundtrip

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// answers are the first inputs of the fuzz tests; their \n are CRLF.
var answers = []string{
	ok, ok + ok, "", "\n", "HTTP/1.1 200 OK\n\nok", "HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: 2\n\nok",
	"HTTP/1.1 200 OK\nContent-Length: 10\n\nok", "HTTP/1.1 200 OK\nContent-Length: 2, 2\n\nok", "HTTP/1.1 200 OK\nContent-Length: +2\n\nok",
	"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X\n\n2;a=b\nok\n0\nX: y\n\n" + ok,
	"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 2\n\n2\nok\n0\n\n", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n-1\nok\n0\n\n",
	"HTTP/1.1 200 OK\nTransfer-Encoding: identity\nContent-Length: 2\n\nok", "HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n0\n\n",
	"HTTP/1.1 204 No Content\nContent-Length: 2\n\nok", "HTTP/1.1 304 Not Modified\nContent-Length: 2\n\n", "HTTP/1.1 205 Reset Content\n\n",
	"HTTP/1.1 100 Continue\n\n" + ok, "HTTP/1.1 103 Early Hints\nContent-Length: 2\n\nok" + ok, "HTTP/1.1 101 Switching Protocols\n\n",
	"HTTP/1.1 042 Hm\n\n", "HTTP/1.1 999 Hm\nConnection: close, x\nContent-Length: 0\n\n", "HTTP/1.1 200\nContent-Length : 0\n\n",
	"HTTP/1.1 200 OK\n X: folded\nA: b\n c\n\n", "HTTP/1.1 200 OK\nX: \x00\n\n", "HTTP/2.0 200 OK\nContent-Length: 0\n\n", "ICY 200 OK\n\n",
}

func addAnswers(f *testing.F) {
	for _, answer := range answers {
		f.Add([]byte(strings.ReplaceAll(answer, "\n", "\r\n")), false)
		f.Add([]byte(answer), true)
	}
}

func methodOf(head bool) string {
	if head {
		return http.MethodHead
	}
	return http.MethodGet
}

// FuzzAnswer: from the same bytes of a server, this transport and http.Transport read the same
// answer, or both none.
func FuzzAnswer(f *testing.F) {
	addAnswers(f)
	f.Fuzz(func(t *testing.T, answer []byte, head bool) {
		s := serve(t, func(s *session) {
			s.next()
			_, _ = s.Write(answer)
			_ = s.Conn.(*net.TCPConn).CloseWrite()
			s.untilClosed()
		})
		standard := &http.Transport{DisableCompression: true, MaxResponseHeaderBytes: 64 << 10}
		defer standard.CloseIdleConnections()
		want, wantBody, wantErr := fetch(standard, request(t.Context(), s, methodOf(head)))
		got, body, err := fetch(to(s), request(t.Context(), s, methodOf(head)))
		if want != nil && want.StatusCode == http.StatusSwitchingProtocols {
			wantBody, wantErr = "", nil // there, the body is the connection
		}
		switch {
		case (err == nil) != (wantErr == nil), (got == nil) != (want == nil):
			t.Fatalf("%q: got %v, want %v", answer, err, wantErr)
		case want == nil:
		case got.Status != want.Status || got.Proto != want.Proto || got.ContentLength != want.ContentLength || got.Close != want.Close,
			!maps.EqualFunc(got.Header, want.Header, slices.Equal), !maps.EqualFunc(got.Trailer, want.Trailer, slices.Equal):
			t.Errorf("%q: got %+v, want %+v", answer, got, want)
		case body != wantBody:
			t.Errorf("%q: got the body %q, want %q", answer, body, wantBody)
		}
	})
}

// thirsty calls dry when more is read from the connection than the server has sent.
type thirsty struct {
	*net.TCPConn
	left int
	dry  func()
}

func (c *thirsty) Read(p []byte) (int, error) {
	if c.left <= 0 {
		c.dry()
	}
	n, err := c.TCPConn.Read(p)
	c.left -= n
	return n, err
}

// FuzzNextAnswer: whatever a server answers, the next request does not get any of it.
func FuzzNextAnswer(f *testing.F) {
	addAnswers(f)
	f.Fuzz(func(t *testing.T, answer []byte, head bool) {
		if len(answer) > 2<<10 {
			t.Skip("it might arrive in parts")
		}
		s := serve(t, func(s *session) {
			if s.number == 1 {
				s.next()
				_, _ = s.Write(answer)
			}
			for s.next() != nil {
				_ = s.say("HTTP/1.1 200 OK\nX-Mine: yes\nContent-Length: 4\n\nmine")
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		transport := to(s, func(tr *Transport) {
			tr.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &thirsty{c.(*net.TCPConn), len(answer), cancel}, nil
			}
		})
		_, _, _ = fetch(transport, request(ctx, s, methodOf(head)))
		res, body, err := fetch(transport, request(t.Context(), s, http.MethodGet))
		if err != nil || body != "mine" || res.Header.Get("X-Mine") != "yes" || res.StatusCode != 200 {
			t.Errorf("after %q: got %v, %q, %v", answer, res, body, err)
		}
	})
}
