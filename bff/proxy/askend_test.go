package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/waittest"
)

// askRig is an exchange without sockets. Its API answers 200.
type askRig struct {
	proxy *Proxy
	x     *exchange
	api   *io.PipeWriter // the body of the API's answer
}

func newAskRig(t *testing.T, header http.Header) *askRig {
	t.Helper()
	body, api := io.Pipe()
	r := &askRig{api: api}
	var err error
	r.proxy, err = New(Config{
		Route: defaultRoute(), Backend: mustParse(t, "http://api.internal"), Public: mustParse(t, "https://app.example"),
		ClientIP: func(*http.Request) string { return "192.0.2.1" },
		Authorize: func(*http.Request) (Grant, error) {
			return Grant{User: "usr_ada", Bind: unbound}, nil
		},
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			r.x = exchangeOf(req.Context())
			context.AfterFunc(req.Context(), func() { _ = api.CloseWithError(req.Context().Err()) })
			return &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: -1, Body: body, Request: req}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// serve answers a request for events. The result is http.ErrAbortHandler if the answer is cut.
func (r *askRig) serve(ctx context.Context, w http.ResponseWriter) (err error) {
	defer func() {
		if cause, _ := recover().(error); cause != nil {
			err = cause
		}
	}()
	ctx = context.WithValue(ctx, http.ServerContextKey, &http.Server{}) // so that a cut answer panics, as in a server
	req := httptest.NewRequestWithContext(ctx, "GET", "/api/proxy/x", nil)
	req.Header.Set("Accept", eventStream)
	return r.proxy.Serve(w, req)
}

func TestOnlyEventsAreAsked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, kind, encoding string
		asked                bool
	}{
		{"events", "Text/Event-Stream; charset=utf-8", "", true},
		{"events without an encoding", eventStream, "identity", true},
		{"compressed events", eventStream, "gzip", false},
		{"lines of JSON", "application/x-ndjson", "", false},
		{"a text", "text/plain", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newAskRig(t, http.Header{"Content-Type": {tt.kind}, "Content-Encoding": {tt.encoding}})
				w := httptest.NewRecorder()
				done := make(chan error, 1)
				go func() { done <- r.serve(t.Context(), w) }()
				want := "data: a\n\n"
				_, _ = io.WriteString(r.api, want)
				synctest.Wait()
				r.x.place.ask()
				synctest.Wait()
				_ = r.api.Close()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				r.x.place.ask() // after the end
				synctest.Wait()
				if tt.asked {
					want += comment
				}
				if got := w.Body.String(); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

// slowWriter is a client that reads only when it is let. A deadline in the past ends a write.
type slowWriter struct {
	*httptest.ResponseRecorder
	let, late       chan struct{}
	once            sync.Once // for late
	writes, writing atomic.Int32
	flushed         atomic.Bool
	closed          bool // nothing can set a deadline any more; a write ends soon by itself
}

func (w *slowWriter) Flush() { w.flushed.Store(true) }

func (w *slowWriter) Write(p []byte) (int, error) {
	w.writes.Add(1)
	w.writing.Add(1)
	defer w.writing.Add(-1)
	select {
	case <-w.let:
		return w.ResponseRecorder.Write(p)
	case <-w.late:
		return 0, os.ErrDeadlineExceeded
	}
}

func (w *slowWriter) SetWriteDeadline(at time.Time) error {
	if !at.Equal(longAgo) {
		return nil
	}
	end := func() { w.once.Do(func() { close(w.late) }) }
	if w.closed {
		time.AfterFunc(20*time.Millisecond, end)
		return net.ErrClosed
	}
	end()
	return nil
}

// TestAQuestionEndsWithItsExchange, also to a client that does not read. No other goroutine
// waits for that client, and it is asked once.
func TestAQuestionEndsWithItsExchange(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("the connection to the API is broken")
	nothing := func(*slowWriter, func()) {}
	for _, tt := range []struct {
		name  string
		end   error // of the API's answer; nil: it does not end
		after func(w *slowWriter, leave func())
		want  error
		told  string
	}{
		{"the client leaves", nil, func(_ *slowWriter, leave func()) { leave() }, http.ErrAbortHandler, ""},
		{"the client leaves, and its connection is closed", nil, func(w *slowWriter, leave func()) { w.closed = true; leave() }, http.ErrAbortHandler, ""},
		{"the API breaks off", errBroken, nothing, http.ErrAbortHandler, ""},
		{"the answer is complete, and the client reads", io.EOF, func(w *slowWriter, _ func()) { close(w.let) }, nil, comment},
		{"the answer is complete, and the client leaves", io.EOF, func(_ *slowWriter, leave func()) { leave() }, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newAskRig(t, http.Header{"Content-Type": {eventStream}})
			w := &slowWriter{ResponseRecorder: httptest.NewRecorder(), let: make(chan struct{}), late: make(chan struct{})}
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			done := make(chan error, 1)
			go func() {
				err := r.serve(ctx, w)
				if n := w.writing.Load(); n != 0 {
					t.Errorf("%d questions are still being written", n)
				}
				done <- err
			}()
			waittest.Until(t, "the header is sent", w.flushed.Load)
			waittest.Until(t, "a question is being written", func() bool {
				r.x.place.ask()
				return w.writing.Load() > 0
			})
			for range 3 {
				r.x.place.ask()
			}
			if tt.end != nil {
				_ = r.api.CloseWithError(tt.end)
			}
			if tt.want == nil { // the exchange should wait for the client now
				select {
				case <-done:
					t.Fatal("the exchange is over while a question is being written")
				case <-time.After(50 * time.Millisecond):
				}
			}
			tt.after(w, leave)
			if err := <-done; !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			r.x.answer.writeComment() // after the end
			if got, n := w.Body.String(), w.writes.Load(); got != tt.told || n != 1 {
				t.Errorf("the client got %q in %d writes, want %q in one", got, n, tt.told)
			}
		})
	}
}
