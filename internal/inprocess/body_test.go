package inprocess_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTheRequestsBodyIsClosedOnce(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"unread": func(http.ResponseWriter, *http.Request) {},
		"read":   func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) },
		"closed by the handler": func(_ http.ResponseWriter, r *http.Request) {
			r.Body.Close()
			r.Body.Close()
		},
		"panic": func(http.ResponseWriter, *http.Request) { panic("deliberate") },
		"panic after the header": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			panic("deliberate")
		},
		"an answer that is refused": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["x-lower"] = []string{"1"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := &counted{Reader: strings.NewReader("hello")}
				req, _ := request(t, body)
				if res, err := transport(h).RoundTrip(req); err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				synctest.Wait()
				if n := body.closed.Load(); n != 1 {
					t.Errorf("closed %d times, want once", n)
				}
			})
		})
	}
}

func TestABodyThatFailsAfterTheHeaderFailsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, upload := io.Pipe()
		req, _ := request(t, body)
		res, err := transport(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			if _, err := io.ReadAll(r.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the handler got %v, want %v", err, io.ErrUnexpectedEOF)
			}
			if r.Context().Err() == nil {
				t.Error("the handler's context is alive")
			}
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		upload.CloseWithError(errBody)
		if _, err := io.ReadAll(res.Body); err != errBody {
			t.Errorf("got %v, want %v", err, errBody)
		}
	})
}

func TestABodyThatFailsAfterAWholeAnswerEndsTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, upload := io.Pipe()
		req, _ := request(t, body)
		res, err := transport(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			w.(http.Flusher).Flush()
			io.ReadAll(r.Body)
			if r.Context().Err() == nil {
				t.Error("the handler's context is alive")
			}
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		upload.CloseWithError(errBody)
	})
}

func TestAClientsLimitIsNotTheHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, strings.NewReader("hello"))
		req.Body = http.MaxBytesReader(nil, req.Body, 3)
		req.ContentLength = -1
		var tooLarge *http.MaxBytesError
		_, err := transport(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &tooLarge) {
				t.Errorf("the handler got %v, want a body that breaks off", err)
			}
			http.Error(w, "the handler's own mind", http.StatusBadRequest)
		}).RoundTrip(req)
		if !errors.As(err, &tooLarge) || tooLarge.Limit != 3 {
			t.Errorf("got %v, want the client's own error", err)
		}
	})
}

func TestAnAnswerMayComeBeforeTheRequestHasBeenRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, upload := io.Pipe()
		req, _ := request(t, body)
		uploaded := make(chan error)
		go func() {
			_, err := io.Copy(upload, rand.NewChaCha8([32]byte{})) // without end
			uploaded <- err
		}()
		res, err := transport(func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(io.Discard, r.Body, 100_000)
			http.Error(w, "enough", http.StatusRequestEntityTooLarge)
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(res.Body); res.StatusCode != http.StatusRequestEntityTooLarge || string(got) != "enough\n" || err != nil {
			t.Errorf("got %s, %q, %v", res.Status, got, err)
		}
		if err := <-uploaded; err != io.ErrClosedPipe {
			t.Errorf("the upload: got %v, want it stopped", err)
		}
	})
}

func TestABodyIsNotReadPastItsLength(t *testing.T) {
	req, _ := request(t, strings.NewReader("hello world"))
	req.ContentLength = 5
	res, err := transport(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(res.Body); string(got) != "hello" || err != nil {
		t.Errorf("the handler read %q, %v; want what was declared", got, err)
	}
}

func TestAHandlerMayCloseTheBodyThatItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, _ := io.Pipe()
		req, _ := request(t, body)
		res, err := transport(func(_ http.ResponseWriter, r *http.Request) {
			read := make(chan error)
			go func() {
				_, err := r.Body.Read(make([]byte, 1))
				read <- err
			}()
			synctest.Wait()
			r.Body.Close()
			if err := <-read; err != http.ErrBodyReadAfterClose {
				t.Errorf("the Read that was under way: got %v, want %v", err, http.ErrBodyReadAfterClose)
			}
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	})
}
