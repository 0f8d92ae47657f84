package web

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// echoed answers with the body, and counts the requests that it sees.
func echoed(seen *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			answer(w, r, BrokenBody(err), writeTestError)
			return
		}
		_, _ = w.Write(body)
	})
}

const (
	get     = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	// The request that an attacker hides in a body. It must never be answered.
	smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	// A body that looks like the end of a head.
	decoy = "GET / HTTP/1.1\r\n\r\n\n\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello\n\n"
)

func post(body string) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestDoubtfulFramingIsRefusedAndTheConnectionClosed(t *testing.T) {
	t.Parallel()
	doubtful := map[string]string{
		"length before encoding":      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"encoding before length":      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"other case":                  "POST / HTTP/1.1\r\nHost: x\r\ncontent-LENGTH:5\r\ntransfer-encoding:chunked\r\n\r\n0\r\n\r\n",
		"lines that end with LF":      "POST / HTTP/1.1\nHost: x\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
		"mixed line ends":             "POST / HTTP/1.1\r\nHost: x\nContent-Length: 5\r\nTransfer-Encoding: chunked\n\r\n0\r\n\r\n",
		"GET":                         "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"asked to be kept":            "POST / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"after empty lines":           "\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"length in a long head":       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Long: " + strings.Repeat("x", 20<<10) + "\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"HTTP/1.0 with encoding":      "POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.0 with encoding only": "POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		// net/http refuses these by itself.
		"two lengths":               "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"a list of lengths":         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello",
		"a signed length":           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
		"two encodings":             "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"an unknown encoding":       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"space before the colon":    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"two hosts":                 "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"no host":                   "GET / HTTP/1.1\r\n\r\n",
		"bare CR in a value":        "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rContent-Length: 5\r\n\r\n",
		"bare CR in a name":         "GET / HTTP/1.1\r\nHost: x\r\nX-A\r: a\r\n\r\n",
		"bare CR in the path":       "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n",
		"NUL in a value":            "GET / HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n",
		"no chunk size":             chunked + "nonsense\r\n\r\n",
		"a negative chunk size":     chunked + "-1\r\n\r\n",
		"bare LF after chunk size":  chunked + "5\nhello\r\n0\r\n\r\n",
		"bare CR in chunk line":     chunked + "5;a\rb\r\nhello\r\n0\r\n\r\n",
		"no line end after a chunk": chunked + "5\r\nhelloX0\r\n\r\n",
	}
	before := map[string]struct {
		requests string
		answers  int
	}{
		"first":                        {"", 0},
		"after a GET":                  {get, 1},
		"after OPTIONS *":              {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 1},
		"after a POST":                 {post("hello"), 1},
		"after a POST and empty lines": {post("hello") + "\r\n", 1},
		"after a body like a head":     {post(decoy), 1},
		"after many":                   {get + post("hello") + post(decoy) + post(strings.Repeat("x", 10<<10)) + get, 5},
	}
	var seen atomic.Int64
	ts := startServer(t, echoed(&seen))
	for name, request := range doubtful {
		t.Run(name, func(t *testing.T) {
			for when, b := range before {
				if b.requests != "" && strings.HasPrefix(request, "\r\n") && !strings.HasPrefix(b.requests, "POST") {
					continue // net/http does not accept empty lines here
				}
				for _, how := range []string{"pipelined", "one after the other"} {
					c := dial(t, ts)
					if how == "pipelined" {
						c.send(b.requests + request + smuggled)
					} else {
						c.send(b.requests)
					}
					for range b.answers {
						c.wantStatus(http.StatusOK)
					}
					if how != "pipelined" {
						c.send(request + smuggled)
					}
					res, _ := c.answer()
					if res.StatusCode != http.StatusBadRequest && res.StatusCode != http.StatusNotImplemented {
						t.Errorf("%s, %s: got status %d, want 400 or 501", when, how, res.StatusCode)
					}
					if !res.Close {
						t.Errorf("%s, %s: got no Connection: close", when, how)
					}
					c.wantClosed()
				}
			}
		})
	}
}

func TestSoundFramingPasses(t *testing.T) {
	t.Parallel()
	sound := map[string]struct {
		request, body string
		kept          bool
	}{
		"no body":                         {get, "", true},
		"a body":                          {post("hello"), "hello", true},
		"an empty body":                   {post(""), "", true},
		"the same length twice":           {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
		"lines that end with LF":          {"POST / HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello", "hello", true},
		"a body like a head":              {post(decoy), decoy, true},
		"a large body":                    {post(strings.Repeat("x", 100<<10)), strings.Repeat("x", 100<<10), true},
		"a long head":                     {"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", "", true},
		"Content-Length as part of names": {"GET / HTTP/1.1\r\nHost: x\r\nX-Content-Length: 5\r\nContent-Length-X: 5\r\nX: Content-Length: 5\r\n\r\n", "", true},
		"HTTP/1.0 that asks to be kept":   {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
		"chunks":                          {chunked + "5\r\nhello\r\n0\r\n\r\n", "hello", false},
		"chunks like a head":              {chunked + "12\r\nContent-Length: 5\n\r\n0\r\n\r\n", "Content-Length: 5\n", false},
		"chunks and a trailer":            {chunked + "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", "hello", false},
	}
	var seen atomic.Int64
	ts := startServer(t, echoed(&seen))
	for name, tt := range sound {
		t.Run(name, func(t *testing.T) {
			for _, pipelined := range []bool{true, false} {
				c := dial(t, ts)
				before := get + post("hello") + post(decoy)
				c.send(before)
				if pipelined {
					c.send(tt.request)
				}
				for range 3 {
					c.wantStatus(http.StatusOK)
				}
				if !pipelined {
					c.send(tt.request)
				}
				res, body := c.answer()
				if res.StatusCode != http.StatusOK || body != tt.body {
					t.Fatalf("got status %d with %d bytes, want 200 with %d", res.StatusCode, len(body), len(tt.body))
				}
				if res.Close == tt.kept {
					t.Fatalf("got Connection: close %t, want %t", res.Close, !tt.kept)
				}
				if !tt.kept {
					c.wantClosed()
					continue
				}
				c.send(post("again"))
				if _, body := c.answer(); body != "again" {
					t.Fatalf("got %q from the next request, want %q", body, "again")
				}
			}
		})
	}
}

func TestFramingDoesNotDependOnHowTheBytesArrive(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	ts := startServer(t, echoed(&seen))
	c := dial(t, ts)
	requests := get + post(decoy) + "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	for _, b := range []byte(requests) { // each in its own segment: net.Dial sets TCP_NODELAY
		c.send(string(b))
	}
	c.wantStatus(http.StatusOK)
	c.wantStatus(http.StatusOK)
	c.wantStatus(http.StatusBadRequest)
	c.wantClosed()
	if got := seen.Load(); got != 2 {
		t.Errorf("got %d requests at the handler, want 2", got)
	}
}

func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	ts := startServer(t, http.NotFoundHandler(), withoutTimeouts)
	c := dial(t, ts)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
	c.wantStatus(http.StatusBadRequest)
	c.wantClosed()
}

func TestNothingIsAnsweredAfterChunksEvenWithoutConnectionClose(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	echo := echoed(&seen)
	ts := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clear(w.Header()) // as httputil.ReverseProxy does after a 103
		echo.ServeHTTP(w, r)
	}))
	c := dial(t, ts)
	c.send(chunked + "5\r\nhello\r\n0\r\n\r\n" + smuggled)
	c.wantStatus(http.StatusOK)
	c.wantStatus(http.StatusBadRequest)
	c.wantClosed()
	if got := seen.Load(); got != 1 {
		t.Errorf("got %d requests at the handler, want 1", got)
	}
}
