package inprocess_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// These tests run in a synctest bubble: time moves only when every goroutine waits, and a
// leaked goroutine fails the test.

func TestTheEndOfTheContextEndsRoundTripWhileTheHandlerSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &counted{Reader: strings.NewReader("hello")}
		req, cancel := request(t, body)
		var write, read error
		h := transport(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			if r.Context().Err() != context.Canceled {
				t.Errorf("the handler's context: got %v, want canceled", r.Context().Err())
			}
			_, write = w.Write([]byte("too late"))
			_, read = r.Body.Read(make([]byte, 1))
		})
		time.AfterFunc(time.Second, func() { cancel(errGone) })
		start := time.Now()
		res, err := h.RoundTrip(req)
		if res != nil || err != errGone {
			t.Errorf("got %v, %v; want the cause of the context's end", res, err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("RoundTrip took %v, want one second", took)
		}
		synctest.Wait()
		if n := body.closed.Load(); n != 1 {
			t.Errorf("the body was closed %d times before the handler returned, want once", n)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if !errors.Is(write, io.ErrClosedPipe) {
			t.Errorf("the handler's write: got %v, want an error", write)
		}
		if !errors.Is(read, io.ErrUnexpectedEOF) {
			t.Errorf("the handler's read: got %v, want an error", read)
		}
		if n := body.closed.Load(); n != 1 {
			t.Errorf("the body was closed %d times, want once", n)
		}
	})
}

func TestADeadlineEndsRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, nil)
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		_, err := transport(func(_ http.ResponseWriter, r *http.Request) {
			if deadline, ok := r.Context().Deadline(); ok {
				t.Errorf("the handler's context has the client's deadline %v", deadline)
			}
			<-r.Context().Done()
		}).RoundTrip(req.WithContext(ctx))
		if err != context.DeadlineExceeded {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

// A server cancels the request of a client that has left, and fails its body.
func TestTheCauseOfTheContextIsReturned(t *testing.T) {
	for range 100 { // RoundTrip sees both at once
		req, cancel := request(t, nil)
		req.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			cancel(errGone)
			return 0, errBody
		}))
		_, err := transport(func(_ http.ResponseWriter, r *http.Request) {
			io.ReadAll(r.Body)
		}).RoundTrip(req)
		if err != errGone {
			t.Fatalf("got %v, want %v", err, errGone)
		}
	}
}

// The body of a server's request behaves like this: it cannot be closed during a Read.
func TestLeavingDoesNotWaitForTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &busy{free: make(chan struct{}), reading: make(chan struct{})}
		req, cancel := request(t, body)
		go func() {
			<-body.reading
			cancel(errGone)
		}()
		start := time.Now()
		_, err := transport(func(_ http.ResponseWriter, r *http.Request) {
			r.Body.Read(make([]byte, 1))
		}).RoundTrip(req)
		if took := time.Since(start); err != errGone || took > 0 {
			t.Errorf("got %v after %v, want %v at once", err, took, errGone)
		}
		time.Sleep(2 * time.Hour) // until the Read of the body returns
	})
}

type busy struct{ free, reading chan struct{} }

func (b *busy) Read([]byte) (int, error) {
	close(b.reading)
	time.Sleep(time.Hour)
	close(b.free)
	return 0, io.EOF
}

func (b *busy) Close() error {
	<-b.free
	return nil
}

func TestLeavingInTheMiddleOfAnAnswerEndsTheHandler(t *testing.T) {
	for name, leave := range map[string]struct {
		by   func(*http.Response, context.CancelCauseFunc)
		want error
	}{
		"by the context":      {func(_ *http.Response, cancel context.CancelCauseFunc) { cancel(errGone) }, errGone},
		"by closing the body": {func(res *http.Response, _ context.CancelCauseFunc) { res.Body.Close() }, http.ErrBodyReadAfterClose},
	} {
		for what, waiting := range map[string]func(http.ResponseWriter, *http.Request) error{
			"a handler that waits for its context": func(_ http.ResponseWriter, r *http.Request) error {
				<-r.Context().Done()
				return io.ErrClosedPipe
			},
			"a handler in a large write": func(w http.ResponseWriter, _ *http.Request) error {
				_, err := w.Write(make([]byte, 1<<20))
				return err
			},
			"a handler in small writes": func(w http.ResponseWriter, _ *http.Request) error {
				for {
					if _, err := io.WriteString(w, "data: x\n\n"); err != nil {
						return err
					}
				}
			},
			"a handler that reads the request": func(_ http.ResponseWriter, r *http.Request) error {
				if _, err := io.Copy(io.Discard, r.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
					return err
				}
				return io.ErrClosedPipe
			},
		} {
			t.Run(what+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					body, upload := io.Pipe()
					req, cancel := request(t, body)
					var handler error
					res, err := transport(func(w http.ResponseWriter, r *http.Request) {
						w.(http.Flusher).Flush()
						handler = waiting(w, r)
						<-r.Context().Done()
					}).RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					leave.by(res, cancel)
					synctest.Wait()
					if !errors.Is(handler, io.ErrClosedPipe) {
						t.Errorf("the handler got %v, want an error", handler)
					}
					if n, err := res.Body.Read(make([]byte, 1)); n != 0 || err != leave.want {
						t.Errorf("reading on: got %d, %v; want %v", n, err, leave.want)
					}
					if _, err := io.WriteString(upload, "x"); err != io.ErrClosedPipe {
						t.Errorf("the request's body: got %v, want it closed", err)
					}
					cancel(nil)
					res.Body.Close()
				})
			})
		}
	}
}

func TestLeavingAReverseProxyEndsTheHandler(t *testing.T) {
	left := make(chan error, 1)
	transport, base := proxied(inProcess)(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		for {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				left <- err
				return
			}
		}
	}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Read(make([]byte, 1))
	res.Body.Close()
	select {
	case err := <-left:
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the handler does not know")
	}
}
