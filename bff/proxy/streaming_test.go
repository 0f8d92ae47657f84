package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

func TestBothBodiesStreamAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := http.NewResponseController(w)
		_ = c.EnableFullDuplex()
		lines := bufio.NewScanner(req.Body)
		for lines.Scan() {
			fmt.Fprintf(w, "echo %s\n", lines.Text())
			_ = c.Flush()
		}
	}))
	in, out := io.Pipe()
	go fmt.Fprintln(out, 0) // the answer's header arrives with this
	res := r.open(r.request(t.Context(), "POST", "/api/proxy/x", in))
	for i := range 3 {
		if i > 0 {
			fmt.Fprintln(out, i)
		}
		wantNext(t, res.Body, fmt.Sprintf("echo %d\n", i))
	}
	out.Close()
	wantEnd(t, res.Body)
}

// wantNext checks the next bytes of a body.
func wantNext(t *testing.T, body io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(body, got); err != nil || string(got) != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

// wantEnd checks that a body has no more bytes.
func wantEnd(t *testing.T, body io.Reader) {
	t.Helper()
	if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
		t.Errorf("got %q (%v), want the end", rest, err)
	}
}

// TestUploadsAreStreamed also covers a small upload of declared length.
func TestUploadsAreStreamed(t *testing.T) {
	t.Parallel()
	got := make(chan string)
	r := newRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		buf := make([]byte, 100)
		for {
			n, err := req.Body.Read(buf)
			if n > 0 {
				got <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}))
	c := r.raw("PUT /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 6\n\none")
	if s := waittest.Receive(t, "the first half", got); s != "one" {
		t.Errorf("got %q", s)
	}
	c.send("two")
	if s := waittest.Receive(t, "the second half", got); s != "two" {
		t.Errorf("got %q", s)
	}
	if res, _ := c.answer("PUT"); res.StatusCode != 200 || res.Close {
		t.Errorf("got %d, close %t", res.StatusCode, res.Close)
	}
}

// TestAnAnswerBeforeTheUploadEnds: the client gets the answer. Its connection may hold
// the rest of the upload, so the server closes it.
func TestAnAnswerBeforeTheUploadEnds(t *testing.T) {
	t.Parallel()
	hungUp := make(chan error, 1)
	r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
		_, err := io.Copy(io.Discard, in)
		hungUp <- err
	}))
	c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 100\n\nonly this")
	if res, body := c.answer("POST"); res.StatusCode != 403 || body != "no" || !res.Close {
		t.Errorf("got %d %q, close %t", res.StatusCode, body, res.Close)
	}
	waittest.Receive(t, "the end of the API's connection", hungUp)
	c.send(strings.Repeat("x", 91) + "GET /api/proxy/smuggled HTTP/1.1\nHost: app\nCookie: a=b\n\n")
	c.wantClosed()
}

func TestEventsAreForwardedImmediately(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		c := http.NewResponseController(w)
		_ = c.Flush()
		for event := range next {
			fmt.Fprintf(w, "data: %s\n\n", event)
			_ = c.Flush()
		}
	}))
	res := r.open(r.request(t.Context(), "GET", "/api/proxy/events", nil)) // only the header has arrived
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type: got %q", got)
	}
	for _, event := range []string{"one", "two", "three"} {
		next <- event
		wantNext(t, res.Body, "data: "+event+"\n\n")
	}
	close(next)
	wantEnd(t, res.Body)
}

// TestADownloadOfKnownLengthDoesNotWaitForItsEnd: the header arrives first, then each
// part as the API sends it.
func TestADownloadOfKnownLengthDoesNotWaitForItsEnd(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		c := http.NewResponseController(w)
		_ = c.Flush()
		for part := range next {
			_, _ = io.WriteString(w, part)
			_ = c.Flush()
		}
	}))
	res := r.open(r.request(t.Context(), "GET", "/api/proxy/x", nil))
	for _, part := range []string{"one", "two"} {
		next <- part
		wantNext(t, res.Body, part)
	}
	close(next)
}

func TestBytesPassUnchanged(t *testing.T) {
	t.Parallel()
	compressed := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("Content-Encoding", req.Header.Get("Content-Encoding"))
		w.Header().Set("Content-Type", req.Header.Get("Content-Type"))
		_, _ = w.Write(body)
	}))
	res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/x", bytes.NewReader(compressed),
		"Content-Encoding", "gzip", "Content-Type", "application/x-odd; a=b", "Accept-Encoding", "gzip"))
	if !bytes.Equal([]byte(body), compressed) || res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Content-Type") != "application/x-odd; a=b" {
		t.Errorf("got %x as %v", body, res.Header)
	}
}
