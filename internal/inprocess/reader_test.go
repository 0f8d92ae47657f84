package inprocess_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// watched counts who waits for the end of a context.
type watched struct {
	context.Context
	watchers atomic.Int32
}

// Value hides the context inside, which context.AfterFunc would go to directly.
func (w *watched) Value(any) any { return nil }

func (w *watched) AfterFunc(f func()) func() bool {
	w.watchers.Add(1)
	stop := context.AfterFunc(w.Context, f)
	return func() bool {
		w.watchers.Add(-1)
		return stop()
	}
}

func TestAnAnswerThatIsDoneWithIsNotWatched(t *testing.T) {
	for name, done := range map[string]func(io.ReadCloser){
		"read":   func(body io.ReadCloser) { io.ReadAll(body) },
		"closed": func(body io.ReadCloser) { body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := &watched{Context: t.Context()}
			req, _ := request(t, nil)
			read := make(chan struct{})
			res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
				w.(http.Flusher).Flush()
				<-read
			}).RoundTrip(req.WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			if n := ctx.watchers.Load(); n != 1 {
				t.Errorf("meanwhile: got %d watchers, want one", n)
			}
			close(read)
			done(res.Body)
			if n := ctx.watchers.Load(); n != 0 {
				t.Errorf("afterwards: got %d watchers, want none", n)
			}
		})
	}
}

func TestAReaderThatWaitsIsWokenByTheEndOfItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, cancel := request(t, nil)
		res, err := transport(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { cancel(errGone) })
		if _, err := res.Body.Read(make([]byte, 1)); err != errGone {
			t.Errorf("got %v, want %v", err, errGone)
		}
	})
}

func TestAClientThatHasEverythingCannotLeave(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"a declared length": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		},
		"no body": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				req, cancel := request(t, nil)
				res, err := transport(func(w http.ResponseWriter, r *http.Request) {
					answer(w)
					w.(http.Flusher).Flush()
					time.Sleep(time.Hour) // writes its audit log, say
					if err := r.Context().Err(); err != nil {
						t.Errorf("the handler's context: got %v, want it alive", err)
					}
				}).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(res.Body); err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				cancel(errGone)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

func TestAnAnswerIsNotReadAfterTheEndOfTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, cancel := request(t, nil)
		res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello")
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		cancel(errGone)
		if body, err := io.ReadAll(res.Body); err != errGone {
			t.Errorf("got %q, %v; want %v", body, err, errGone)
		}
	})
}
