package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/inprocess"
	"vestibule/internal/waittest"
	"vestibule/internal/web"
)

// wholeBodyAPI is an API that acts only on complete bodies.
type wholeBodyAPI struct {
	began chan struct{}
	ended chan error
	acted atomic.Int32
}

func (a *wholeBodyAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.began <- struct{}{}
	_, err := io.Copy(io.Discard, r.Body)
	if err == nil {
		a.acted.Add(1)
	}
	a.ended <- err
	_, _ = io.WriteString(w, "done")
}

// forEachTransport runs a test with the API on the network and with it in the process.
func forEachTransport(t *testing.T, test func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig)) {
	for name, way := range map[string]func(*Config){"over the network": ways["direct"], "by the standard transport": ways["standard"]} {
		t.Run(name, func(t *testing.T) {
			test(t, func(h http.Handler, adjust ...func(*Config)) *rig {
				s := httptest.NewServer(h)
				t.Cleanup(s.Close)
				return newRig(t, s.URL, append(adjust, way)...)
			})
		})
	}
	t.Run("in process", func(t *testing.T) {
		test(t, func(h http.Handler, adjust ...func(*Config)) *rig {
			return newRig(t, "http://api.internal", append(adjust, func(c *Config) { c.Transport = &inprocess.Transport{Handler: h} })...)
		})
	})
}

// heldBodies are bodies in two parts. The second part completes the body.
var heldBodies = map[string]struct{ head, first, last string }{
	"declared":                  {"Content-Length: 10\n", "123456789", "0"},
	"declared, most of it":      {"Content-Length: 10\n", "1", "234567890"},
	"declared, all of it":       {"Content-Length: 10\n", "", "1234567890"},
	"chunked, the end":          {"Transfer-Encoding: chunked\n", "a\n1234567890\n", "0\n\n"},
	"chunked, a chunk":          {"Transfer-Encoding: chunked\n", "1\n1\n", "9\n234567890\n0\n\n"},
	"chunked, without anything": {"Transfer-Encoding: chunked\n", "", "0\n\n"},
}

// heldOpen waits until the session's check is too old for the end of the body.
func (r *rig) heldOpen() {
	r.Helper()
	waittest.Until(r, "the session is checked", func() bool { return r.authorized.Load() > 0 })
	time.Sleep(confirmAfter)
}

func confirming(calls *atomic.Int32, answer func(context.Context) error) func(*Config) {
	return func(c *Config) {
		authorize := c.Authorize
		c.Authorize = func(r *http.Request) (Grant, error) {
			g, err := authorize(r)
			g.Confirm = func(ctx context.Context) error {
				calls.Add(1)
				return answer(ctx)
			}
			return g, err
		}
	}
}

func TestABodyHeldOpenPastTheEndOfTheSessionNeverCompletes(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		for name, body := range heldBodies {
			for _, refusal := range []struct {
				err    error
				status int
				code   string
			}{
				{errTestExpired, 401, "SESSION_EXPIRED"},
				{web.Unavailable(errors.New("the database is away")), 503, "STORE_UNAVAILABLE"},
			} {
				t.Run(name+", "+refusal.code, func(t *testing.T) {
					t.Parallel()
					var calls atomic.Int32
					api := &wholeBodyAPI{began: make(chan struct{}, 1), ended: make(chan error, 1)}
					r := start(api, confirming(&calls, func(context.Context) error { return refusal.err }))
					c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" + body.head + "\n" + body.first)
					r.heldOpen()
					c.send(body.last)
					res, text := c.answer("POST")
					r.wantError(res, text, refusal.status, refusal.code)
					c.wantClosed()
					select { // the request may not have reached the API
					case <-api.began:
						if err := waittest.Receive(t, "the API", api.ended); err == nil {
							t.Error("the API treated the body as complete")
						}
					default:
					}
					if api.acted.Load() > 0 || calls.Load() != 1 {
						t.Errorf("the API acted %d times, and the session was confirmed %d times", api.acted.Load(), calls.Load())
					}
				})
			}
		}
	})
}

func TestABodyHeldOpenPassesWhileTheSessionIsValid(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		for name, body := range heldBodies {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var calls atomic.Int32
				api := &wholeBodyAPI{began: make(chan struct{}, 1), ended: make(chan error, 1)}
				r := start(api, confirming(&calls, func(ctx context.Context) error {
					if _, bounded := ctx.Deadline(); !bounded {
						t.Error("the check has no time limit")
					}
					return nil
				}))
				c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" + body.head + "\n" + body.first)
				r.heldOpen()
				c.send(body.last)
				if res, text := c.answer("POST"); res.StatusCode != 200 || text != "done" {
					t.Errorf("got %d %q", res.StatusCode, text)
				}
				if api.acted.Load() != 1 || calls.Load() != 1 {
					t.Errorf("the API acted %d times, and the session was confirmed %d times", api.acted.Load(), calls.Load())
				}
			})
		}
	})
}

// TestAPromptBodyNeedsNoSecondCheck: a check costs a query.
func TestAPromptBodyNeedsNoSecondCheck(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	r := newRig(t, newRecorder(), confirming(&calls, func(context.Context) error { return nil }))
	for range 20 {
		before, start := calls.Load(), time.Now()
		r.do(r.request(t.Context(), "POST", "/api/proxy/x", strings.NewReader("hello")))
		if took := time.Since(start); took < confirmAfter && calls.Load() != before {
			t.Fatalf("a body that took %v was confirmed", took)
		}
	}
}

// TestAClientThatDisconnectsDuringTheCheck: this is not reported as an outage.
func TestAClientThatDisconnectsDuringTheCheck(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	checking := make(chan struct{}, 1)
	r := newRig(t, newRecorder(), confirming(&calls, func(ctx context.Context) error {
		checking <- struct{}{}
		<-ctx.Done()
		return web.Unavailable(ctx.Err())
	}))
	c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 2\n\n1")
	r.heldOpen()
	c.send("2")
	waittest.Receive(t, "the check of the session", checking)
	c.Close()
	r.wantLog(`"status":499`)
}
