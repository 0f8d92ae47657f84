package inprocess_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/inprocess"
)

// These tests run in a synctest bubble: time stands still unless everybody
// waits, and a goroutine left behind fails the test.

var errGone = errors.New("why the client left")

// request makes a POST to the handler, with what cancels it.
func request(t *testing.T, body io.Reader) (*http.Request, context.CancelCauseFunc) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://api.internal/", body)
	if err != nil {
		t.Fatal(err)
	}
	return req, cancel
}

func transport(h http.HandlerFunc) *inprocess.Transport {
	return &inprocess.Transport{Handler: h, Log: slog.New(slog.DiscardHandler)}
}

// counted is a body that counts how often it is closed.
type counted struct {
	io.Reader
	closed atomic.Int32
}

func (c *counted) Close() error {
	c.closed.Add(1)
	return nil
}

func TestTheEndOfTheContextEndsRoundTripThoughTheHandlerSleeps(t *testing.T) {
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

func TestTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		req, _ := request(t, nil)
		var inside context.Context
		res, err := transport(func(_ http.ResponseWriter, r *http.Request) {
			inside = r.Context()
			if v := inside.Value(key{}); v != nil {
				t.Errorf("the client's value %q reached the handler", v)
			}
			if err := inside.Err(); err != nil {
				t.Errorf("got %v, want a live context", err)
			}
		}).RoundTrip(req.WithContext(context.WithValue(req.Context(), key{}, "secret")))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		synctest.Wait()
		if inside.Err() != context.Canceled {
			t.Errorf("after the handler returned: got %v, want canceled", inside.Err())
		}
	})
}

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
			w.Header().Set("X-Nul", "\x00")
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

func TestNothingReachesTheClientAfterTheHandlerReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, strings.NewReader("hello"))
		returned := make(chan struct{})
		var write, flush, read error
		res, err := transport(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			go func() { // a bug
				<-returned
				_, write = w.Write([]byte("late"))
				flush = http.NewResponseController(w).Flush()
				_, read = r.Body.Read(make([]byte, 1))
			}()
		}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		close(returned)
		synctest.Wait()
		if body, err := io.ReadAll(res.Body); len(body) > 0 || err != nil {
			t.Errorf("got %q, %v; want nothing", body, err)
		}
		if write == nil || flush == nil || read != http.ErrBodyReadAfterClose {
			t.Errorf("got %v, %v, %v; want errors", write, flush, read)
		}
	})
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

func TestPanicsAreLogged(t *testing.T) {
	for name, c := range map[string]struct {
		value  any
		logged bool
	}{
		"a panic":              {"deliberate", true},
		"http.ErrAbortHandler": {http.ErrAbortHandler, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				req, _ := request(t, nil)
				h := &inprocess.Transport{
					Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(c.value) }),
					Log:     slog.New(slog.NewTextHandler(&log, nil)),
				}
				if _, err := h.RoundTrip(req); !errors.Is(err, io.EOF) {
					t.Errorf("got %v, want an error that wraps %v", err, io.EOF)
				}
				synctest.Wait()
				if got := strings.Contains(log.String(), "panic=deliberate") && strings.Contains(log.String(), "TestPanicsAreLogged"); got != c.logged {
					t.Errorf("logged: got %t, want %t: %s", got, c.logged, log.String())
				}
			})
		})
	}
}

func TestAnInformationalAnswerThatTheClientRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req, _ := request(t, nil)
		hints := 0
		ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(int, textproto.MIMEHeader) error {
				hints++
				return errGone
			},
		})
		_, err := transport(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			<-r.Context().Done()
			w.WriteHeader(http.StatusEarlyHints)
		}).RoundTrip(req.WithContext(ctx))
		if err != errGone {
			t.Errorf("got %v, want %v", err, errGone)
		}
		synctest.Wait()
		if hints != 1 {
			t.Errorf("got %d informational answers, want the first alone", hints)
		}
	})
}
