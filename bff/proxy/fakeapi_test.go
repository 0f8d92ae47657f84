package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// rawAPI is an API that reads and writes raw bytes: serve gets each connection.
func rawAPI(t testing.TB, serve func(conn net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(waitLimit))
				serve(conn, bufio.NewReader(conn))
			})
		}
	})
	return "http://" + l.Addr().String()
}

// answering reads one request and answers it with text, whose \n are CRLF.
func answering(text string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, r *bufio.Reader) {
		if req, err := http.ReadRequest(r); err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
		}
	}
}

// seen is a request that an API got.
type seen struct {
	*http.Request
	body string
}

func newRecorder() *recorder { return &recorder{make(chan seen, 100)} }

// recorder is an API that records its requests and answers 200.
type recorder struct{ requests chan seen }

func (a *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.requests <- seen{r, string(body)}
	_, _ = io.WriteString(w, "ok")
}

// onlyRequest returns the request of the API, which must be the only one.
func (a *recorder) onlyRequest(t testing.TB) seen {
	t.Helper()
	if n := len(a.requests); n != 1 {
		t.Fatalf("the API got %d requests, want 1", n)
	}
	return <-a.requests
}

func (a *recorder) none(t testing.TB) {
	t.Helper()
	if n := len(a.requests); n != 0 {
		t.Errorf("the API got %d requests, want none; first: %s", n, (<-a.requests).RequestURI)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
