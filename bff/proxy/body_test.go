package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"vestibule/internal/waittest"
	"vestibule/internal/web"
)

// uploads is an API that reports the error with which reading each body ended.
type uploads chan error

func (u uploads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, err := io.Copy(io.Discard, r.Body)
	u <- err
}

func limit(n int64) func(*Config) { return func(c *Config) { c.BodyLimit = n } }

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("with a declared length, before anything is sent", func(t *testing.T) {
		api := newRecorder()
		r := newRig(t, api, limit(10))
		c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 11\n\n12345678901")
		res, body := c.answer("POST")
		r.wantError(res, body, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
		c.wantClosed()
		api.none(t)
	})
	t.Run("without a 100 Continue", func(t *testing.T) {
		api := newRecorder()
		r := newRig(t, api, limit(10))
		c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 11\nExpect: 100-continue\n\n")
		res, body := c.answer("POST") // no 100 Continue before it
		r.wantError(res, body, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
		c.Close()
		api.none(t)
	})
	t.Run("chunked, and the API gets an incomplete body", func(t *testing.T) {
		api := make(uploads, 1)
		r := newRig(t, api, limit(10))
		c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nTransfer-Encoding: chunked\n\n8\n12345678\n3\nabc\n0\n\n")
		res, body := c.answer("POST")
		r.wantError(res, body, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
		c.wantClosed()
		if err := waittest.Receive(t, "the API", api); err == nil {
			t.Error("the API treated a part of the body as complete")
		}
	})
	t.Run("without an end", func(t *testing.T) {
		api := make(uploads, 1)
		r := newRig(t, api, limit(1<<20))
		res, body := r.do(r.request(t.Context(), "PUT", "/api/proxy/x", struct{ io.Reader }{zeros{}}))
		r.wantError(res, body, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
		if err := waittest.Receive(t, "the API", api); err == nil {
			t.Error("the API treated a part of the body as complete")
		}
	})
}

func TestABodyUpToTheLimitPasses(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, limit(10))
	for name, body := range map[string]io.Reader{
		"of declared length": strings.NewReader("1234567890"),
		"chunked":            struct{ io.Reader }{strings.NewReader("1234567890")},
	} {
		t.Run(name, func(t *testing.T) {
			res, _ := r.do(r.request(t.Context(), "POST", "/api/proxy/x", body))
			if got := api.onlyRequest(t); res.StatusCode != 200 || got.body != "1234567890" {
				t.Errorf("got %d, and %q at the API", res.StatusCode, got.body)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestABrokenBodyIsTheClientsFault(t *testing.T) {
	t.Parallel()
	const head = "POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n"
	for name, request := range map[string]string{
		"a chunk without a size":      head + "Transfer-Encoding: chunked\n\n5\nhello\nxyz\n",
		"a negative chunk":            head + "Transfer-Encoding: chunked\n\n-5\nhello\n",
		"a chunk longer than it says": head + "Transfer-Encoding: chunked\n\n2\nhello\n0\n\n",
		"a bare CR":                   head + "Transfer-Encoding: chunked\n\n5;a=\rb\nhello\n0\n\n",
		"a broken trailer":            head + "Transfer-Encoding: chunked\n\n5\nhello\n0\nbroken\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			api := make(uploads, 1)
			r := newRig(t, api)
			c := r.raw(request + "GET /api/proxy/smuggled HTTP/1.1\nHost: app\nCookie: a=b\n\n")
			res, body := c.answer("POST")
			r.wantError(res, body, http.StatusBadRequest, "BAD_REQUEST")
			if !res.Close {
				t.Error("Connection: close is missing")
			}
			c.wantClosed()
			if len(api) > 0 {
				if err := <-api; err == nil {
					t.Error("the API treated a part of the body as complete")
				}
			}
		})
	}
	t.Run("an end before the declared length", func(t *testing.T) {
		api := make(uploads, 1)
		r := newRig(t, api)
		c := r.raw(head + "Content-Length: 100\n\nhello")
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		res, body := c.answer("POST")
		r.wantError(res, body, http.StatusBadRequest, "BAD_REQUEST")
		c.wantClosed()
		if err := waittest.Receive(t, "the API", api); err == nil {
			t.Error("the API treated a part of the body as complete")
		}
	})
}

// TestAClientThatStalls: the deadlines around the proxy turn the stall into a read
// error, which is also the client's fault.
func TestAClientThatStalls(t *testing.T) {
	t.Parallel()
	r := newRig(t, make(uploads, 1))
	req := r.request(t.Context(), "POST", "/api/proxy/x", io.MultiReader(strings.NewReader("hello"), stalled{}))
	req.ContentLength = -1
	err := r.proxy.Serve(httptest.NewRecorder(), req)
	want := web.BrokenBody(os.ErrDeadlineExceeded)
	if refused, ok := errors.AsType[*web.Error](err); !ok || refused.Status != want.Status || refused.Header.Get("Connection") != "close" {
		t.Errorf("got %v, want a %d that closes the connection", err, want.Status)
	}
}

type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// TestTheConnectionClosesAfterAChunkedRequest: a request may have both Content-Length and
// Transfer-Encoding. What follows it must not be read as another request, because the sender
// may have meant the other length.
func TestTheConnectionClosesAfterAChunkedRequest(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	// As if another listener wraps ours, so that web.GuardFraming cannot see the header.
	r.front = httptest.NewServer(web.Handle(r.proxy.Serve, writeTestError))
	t.Cleanup(r.front.Close)
	c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 100\nTransfer-Encoding: chunked\n\n0\n\n" +
		"GET /api/proxy/smuggled HTTP/1.1\nHost: app\nCookie: a=b\n\n")
	if res, _ := c.answer("POST"); res.StatusCode != 200 || !res.Close {
		t.Errorf("got %d, close %t", res.StatusCode, res.Close)
	}
	c.wantClosed()
	if got := api.onlyRequest(t); got.RequestURI != "/api/x" {
		t.Errorf("the API got %s", got.RequestURI)
	}
}

func TestAConnectionIsReusedAfterAWholeBody(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	const request = "POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 5\n\nhello"
	c := r.raw(request)
	for range 20 {
		if res, _ := c.answer("POST"); res.StatusCode != 200 || res.Close {
			t.Fatalf("got %d, close %t", res.StatusCode, res.Close)
		}
		c.send(request)
	}
}

func TestATruncatedAnswerNeverLooksComplete(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"known length": "HTTP/1.1 200 OK\nContent-Length: 10\n\nhello",
		"chunked":      "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n",
		"broken chunk": "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\nzz\n",
	} {
		r := newRig(t, rawAPI(t, answering(answer)))
		for _, proto := range []string{"HTTP/1.1", "HTTP/1.0"} {
			t.Run(name+" over "+proto, func(t *testing.T) {
				c := r.raw("GET /api/proxy/x " + proto + "\nHost: app\nCookie: a=b\n\n")
				res, err := http.ReadResponse(c.r, nil)
				if errors.Is(err, io.ErrUnexpectedEOF) || err != nil && proto == "HTTP/1.0" {
					return // the client may not even get the header
				}
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(res.Body); err == nil {
					t.Errorf("got %q as a complete answer", body)
				}
			})
		}
		r.wantLog(`"aborted":true`)
		r.wantLog(`"broke_off":"`)
	}
}
