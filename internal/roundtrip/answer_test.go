package roundtrip

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

func TestWhatIsTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	for name, test := range map[string]struct {
		change func(*http.Request)
		taken  bool
	}{
		"a GET":             {func(*http.Request) {}, true},
		"a GET with NoBody": {func(r *http.Request) { r.Body = http.NoBody }, true},
		"a POST":            {func(r *http.Request) { r.Method = "POST" }, true},
		"a body": {func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(strings.NewReader("x")), 1
		}, false},
		"an upgrade":      {func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }, false},
		"https":           {func(r *http.Request) { r.URL.Scheme = "https" }, false},
		"another server":  {func(r *http.Request) { r.URL.Host = "localhost:1" }, false},
		"CONNECT":         {func(r *http.Request) { r.Method = "CONNECT" }, false},
		"a broken method": {func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\nX: y\r\n\r\nGET" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t.Context(), s, http.MethodGet)
			test.change(r)
			_, body, err := fetch(to(s), r)
			if taken := body == "ok" && err == nil; taken != test.taken || !taken && !errors.Is(err, errOther) {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
}

func TestAHostThatMustBeTranslatedIsNotTaken(t *testing.T) {
	t.Parallel()
	const host = "m\u00fcller.internal:8000"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host, nil)
	if err != nil {
		t.Fatal(err)
	}
	if (&Transport{Host: host}).takes(r) {
		t.Error("it is taken, and would be dialed as it is")
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api:8000": "api:8000", "api": "api:80", "[::1]:8000": "[::1]:8000", "[fe80::1%eth0]": "[fe80::1%eth0]:80", "192.0.2.1": "192.0.2.1:80",
	} {
		if got := address(host); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
	}
}

// TestALineEndInAHeaderBeginsNoHeader: the package relies on net/http for this.
func TestALineEndInAHeaderBeginsNoHeader(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	s := serve(t, func(s *session) {
		got <- s.next().Header
		_ = s.say(ok)
	})
	r := request(t.Context(), s, http.MethodGet)
	r.Header = http.Header{"X": {"y\r\nEvil: 1\n\n"}, "A\r\nEvil": {"2"}}
	if _, _, err := fetch(to(s), r); err != nil {
		t.Fatal(err)
	}
	if h := waittest.Receive(t, "the request", got); h.Get("Evil") != "" || h.Get("X") != "y  Evil: 1" {
		t.Errorf("the server got %v", h)
	}
}

// TestAnswersThatAreRefused: the connection is closed too.
func TestAnswersThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"no HTTP":               "SSH-2.0-OpenSSH_9.2\n\n",
		"half a header":         "HTTP/1.1 200 OK\nContent-Le",
		"no colon":              "HTTP/1.1 200 OK\nfoo\n\n",
		"NUL in a header":       "HTTP/1.1 200 OK\nX: a\x00b\n\n",
		"two lengths":           "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nab",
		"two encodings":         "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n0\n\n",
		"too large":             "HTTP/1.1 200 OK\nX: " + strings.Repeat("x", 64<<10) + "\n\n",
		"too many 1xx":          strings.Repeat("HTTP/1.1 102 Processing\n\n", 64<<10/25) + ok,
		"1xx and then nothing":  "HTTP/1.1 102 Processing\n\n",
		"1xx with a body":       "HTTP/1.1 100 Continue\nContent-Length: 2\n\nok" + ok,
		"an old version":        "HTTP/0.9x 200 OK\n\n",
		"nothing":               "",
		"a length out of range": "HTTP/1.1 200 OK\nContent-Length: 9223372036854775808\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(s *session) {
				s.next()
				_ = s.say(answer)
				_ = s.Conn.(*net.TCPConn).CloseWrite()
				s.untilClosed()
			})
			_, body, err := fetch(to(s), request(t.Context(), s, http.MethodGet))
			if err == nil {
				t.Errorf("got an answer with body %q", body)
			}
			if large := strings.HasPrefix(name, "too "); large != errors.Is(err, errLargeHeader) {
				t.Errorf("got %v", err)
			}
			waittest.Until(t, "the connection is closed", func() bool { return s.closed.Load() == s.opened.Load() })
		})
	}
}

// TestALargeHeaderThatFits also checks that the bound does not count the body.
func TestALargeHeaderThatFits(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 60<<10)
	s := serve(t, saying("HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\nX: "+large+"\nContent-Length: 81920\n\n"+strings.Repeat("y", 80<<10)))
	transport := to(s)
	for range 2 {
		res, body, err := fetch(transport, request(t.Context(), s, http.MethodGet))
		if err != nil || len(body) != 80<<10 || res.Header.Get("X") != large {
			t.Errorf("got %d bytes, %v", len(body), err)
		}
	}
}

func TestTrailers(t *testing.T) {
	t.Parallel()
	s := serve(t, saying("HTTP/1.1 200 OK\nTrailer: X\nTransfer-Encoding: chunked\n\n2\nok\n0\nX: y\n\n"))
	res, body, err := fetch(to(s), request(t.Context(), s, http.MethodGet))
	if err != nil || body != "ok" || res.Trailer.Get("X") != "y" || res.ContentLength != -1 {
		t.Errorf("got %q, %v, %v", body, res.Trailer, err)
	}
}

// TestABodyThatEndsEarlyIsAnError: also the next read returns it.
func TestABodyThatEndsEarlyIsAnError(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"HTTP/1.1 200 OK\nContent-Length: 10\n\nhello",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\na\nhello",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n",
	} {
		s := serve(t, func(s *session) {
			s.next()
			_ = s.say(answer)
		})
		transport := to(s)
		res, err := transport.RoundTrip(request(t.Context(), s, http.MethodGet))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: got %v, want %v", answer, err, io.ErrUnexpectedEOF)
			}
		}
		if len(transport.kept()) != 0 {
			t.Errorf("%q: the connection is kept", answer)
		}
	}
}

// TestABodyThatIsClosedEarly: the server notices, and the connection is not used again.
func TestABodyThatIsClosedEarly(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *session) {
		s.next()
		_ = s.say("HTTP/1.1 200 OK\nContent-Length: 10\n\nhello")
		s.untilClosed()
	})
	transport := to(s)
	res, err := transport.RoundTrip(request(t.Context(), s, http.MethodGet))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(res.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error)
	go func() {
		_, err := res.Body.Read(make([]byte, 1))
		waiting <- err
	}()
	res.Body.Close()
	if err := waittest.Receive(t, "the read that waited", waiting); err == nil {
		t.Error("the read has succeeded")
	}
	if _, err := res.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a read after Close has succeeded")
	}
	waittest.Until(t, "the server notices", func() bool { return s.closed.Load() == 1 })
	if len(transport.kept()) != 0 {
		t.Error("the connection is kept")
	}
}

func TestAReadAfterCloseIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, saying(ok))
	res, err := to(s).RoundTrip(request(t.Context(), s, http.MethodGet))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close() // the body is in the buffer
	if n, err := res.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, errClosedBody) {
		t.Errorf("got %d bytes, %v", n, err)
	}
}
