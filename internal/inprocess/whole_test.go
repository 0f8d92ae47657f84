package inprocess_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"vestibule/internal/inprocess"
)

// whole is a transport that calls h in the client's goroutine.
func whole(h http.HandlerFunc) *inprocess.Transport {
	return &inprocess.Transport{Handler: h, Whole: func(*http.Request) bool { return true }}
}

// goroutine returns the first line of the stack without the state: the goroutine's number.
func goroutine() string {
	var stack [64]byte
	number, _, _ := bytes.Cut(stack[:runtime.Stack(stack[:], false)], []byte("["))
	return string(number)
}

func TestAWholeAnswerIsMadeInTheClientsGoroutine(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string]bool{"whole": true, "not whole": false} {
		t.Run(name, func(t *testing.T) {
			var in string
			transport := whole(func(http.ResponseWriter, *http.Request) { in = goroutine() })
			transport.Whole = func(r *http.Request) bool {
				if r.URL.Path != "/x" {
					t.Errorf("asked about %s", r.URL.Path)
				}
				return asked
			}
			req, _ := request(t, nil)
			req.URL.Path = "/x"
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if _, err := io.ReadAll(res.Body); err != nil { // the handler has returned
				t.Fatal(err)
			}
			if (in == goroutine()) != asked {
				t.Errorf("the handler ran in %s, the client in %s", in, goroutine())
			}
		})
	}
}

// TestALongWholeAnswer: nobody reads it while the handler writes.
func TestALongWholeAnswer(t *testing.T) {
	t.Parallel()
	piece := strings.Repeat("x", 30<<10)
	req, _ := request(t, nil)
	res, err := whole(func(w http.ResponseWriter, _ *http.Request) {
		for range 40 {
			io.WriteString(w, piece)
		}
	}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) != 40*len(piece) || res.ContentLength != int64(len(body)) {
		t.Errorf("got %d bytes, length %d, %v", len(body), res.ContentLength, err)
	}
}

// TestAWholeAnswerCannotBeFlushed: a stream that is taken for a whole answer by mistake ends,
// and does not fill the memory.
func TestAWholeAnswerCannotBeFlushed(t *testing.T) {
	t.Parallel()
	req, _ := request(t, nil)
	res, err := whole(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("got %v", err)
		}
	}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// TestTheEndOfTheContextEndsAWholeAnswer, and the client gets the cause, and nothing of what
// the handler has written.
func TestTheEndOfTheContextEndsAWholeAnswer(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	req, cancel := request(t, nil)
	transport := whole(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "never seen")
		cancel(cause)
		<-r.Context().Done()
		if _, err := io.WriteString(w, "x"); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("a write after the end got %v", err)
		}
	})
	if _, err := transport.RoundTrip(req); !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
	if _, err := transport.RoundTrip(req); !errors.Is(err, cause) {
		t.Errorf("afterwards: got %v, want %v", err, cause)
	}
}

func TestTheContextOfAWholeAnswerEndsWithIt(t *testing.T) {
	t.Parallel()
	var ctx context.Context
	req, _ := request(t, nil)
	res, err := whole(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() }).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if ctx.Err() == nil {
		t.Error("it goes on")
	}
}
