package inprocess_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"vestibule/internal/inprocess"
)

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
		if inside.Err() != context.Canceled {
			t.Errorf("after the handler returned: got %v, want canceled", inside.Err())
		}
		res.Body.Close()
	})
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

// Many clients, of which a third leave at a random moment. The race detector watches, and
// the bubble ends only when every goroutine has ended.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := transport(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
			if r.URL.Path == "/panic" {
				panic("deliberate")
			}
		})
		var clients sync.WaitGroup
		for c := range 40 {
			clients.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(c)))
				for i := range 50 {
					ctx, cancel := context.WithCancel(t.Context())
					leaves := random.IntN(3) == 0
					if leaves {
						go cancel()
					}
					path, want := "/", error(nil)
					if random.IntN(4) == 0 {
						path, want = "/panic", io.ErrUnexpectedEOF
					}
					payload := strings.Repeat(fmt.Sprintf("%d-%d ", c, i), 1000+random.IntN(2000))
					if err := echo(ctx, h, path, payload); err != want && (!leaves || !errors.Is(err, context.Canceled)) {
						t.Errorf("%s: got %v, want %v", path, err, want)
					}
					cancel()
				}
			})
		}
		clients.Wait()
	})
}

// echo returns the error of one exchange.
func echo(ctx context.Context, h http.RoundTripper, path, payload string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://api.internal"+path, strings.NewReader(payload))
	if err != nil {
		return err
	}
	res, err := h.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil && string(got) != payload {
		return fmt.Errorf("got %d bytes, want %d: %.20q", len(got), len(payload), got)
	}
	return err
}
