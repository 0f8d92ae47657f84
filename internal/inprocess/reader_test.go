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

// watched counts the watchers of a context.
type watched struct {
	context.Context
	watchers atomic.Int32
}

// Value hides the inner context, which context.AfterFunc would otherwise use directly.
func (w *watched) Value(any) any { return nil }

func (w *watched) AfterFunc(f func()) func() bool {
	w.watchers.Add(1)
	stop := context.AfterFunc(w.Context, f)
	return func() bool {
		w.watchers.Add(-1)
		return stop()
	}
}

func TestAFinishedAnswerIsNotWatched(t *testing.T) {
	for name, done := range map[string]func(io.ReadCloser){
		"read":   func(body io.ReadCloser) { io.ReadAll(body) },
		"closed": func(body io.ReadCloser) { body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
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
				synctest.Wait()
				if n := ctx.watchers.Load(); n != 0 {
					t.Errorf("afterwards: got %d watchers, want none", n)
				}
			})
		})
	}
}

func TestTheEndOfTheContextWakesAWaitingReader(t *testing.T) {
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

func TestABodyKnowsWhetherAReadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, nil)
		rest := make(chan struct{})
		res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			<-rest
			_, _ = io.WriteString(w, "ok")
			w.(http.Flusher).Flush()
			<-rest
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		want := func(when string, ready bool) {
			synctest.Wait()
			if got := res.Body.(interface{ Ready() bool }).Ready(); got != ready {
				t.Errorf("%s: ready %t, want %t", when, got, ready)
			}
		}
		want("nothing was written", false)
		rest <- struct{}{}
		want("two bytes were", true)
		if _, err := io.ReadFull(res.Body, make([]byte, 2)); err != nil {
			t.Fatal(err)
		}
		want("they were read", false)
		rest <- struct{}{}
		want("the handler has returned", true)
	})
}
