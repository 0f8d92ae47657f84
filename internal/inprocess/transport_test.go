package inprocess_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/inprocess"
)

var errGone = errors.New("why the client left")

// request makes a POST to the handler, and returns a function that cancels it.
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

func TestInvalidRequestsAreRefused(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errGone)
	for name, change := range map[string]func(*http.Request) *http.Request{
		"a space in the query":                               func(r *http.Request) *http.Request { r.URL.RawQuery = "a=1 HTTP/1.1"; return r },
		"a line break in the query":                          func(r *http.Request) *http.Request { r.URL.RawQuery = "a=1\r\nX: y"; return r },
		"a name that hides from a look at the canonical one": func(r *http.Request) *http.Request { r.Header["authorization"] = []string{"secret"}; return r },
		"an ended context":                                   func(r *http.Request) *http.Request { return r.WithContext(ended) },
	} {
		t.Run(name, func(t *testing.T) {
			body := &counted{Reader: strings.NewReader("hello")}
			req, _ := request(t, body)
			req = change(req)
			res, err := transport(func(http.ResponseWriter, *http.Request) {
				t.Error("the handler was called")
			}).RoundTrip(req)
			if res != nil || err == nil {
				t.Errorf("got %v, %v; want an error", res, err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error %q shows a header's value, which may be a secret", err)
			}
			if n := body.closed.Load(); n != 1 && req.Body != nil {
				t.Errorf("the body was closed %d times, want once", n)
			}
		})
	}
}

func TestNothingIsShared(t *testing.T) {
	req, _ := request(t, strings.NewReader("hello"))
	req.URL.RawQuery = "a=1"
	req.Header["X-Secret"] = []string{"a", "b"}
	before := req.Clone(t.Context())
	var inside http.Header
	spoiled := make(chan struct{})
	res, err := transport(func(w http.ResponseWriter, r *http.Request) {
		r.Header["X-Secret"][0] = "changed"
		r.Header.Set("X-Added", "1")
		r.URL.Path, r.URL.RawQuery, r.Host = "/changed", "changed", "changed"
		inside = w.Header()
		inside.Set("X-Answer", "a")
		w.(http.Flusher).Flush()
		<-spoiled
	}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	inside["X-Answer"][0] = "changed"
	inside.Set("X-Added", "1")
	if got, want := res.Header, (http.Header{"X-Answer": {"a"}}); !cmp.Equal(got, want) {
		t.Errorf("the answer's header: got %v, want %v", got, want)
	}
	close(spoiled)
	res.Body.Close()
	if diff := cmp.Diff(before.Header, req.Header); diff != "" {
		t.Errorf("the request's header has changed:\n%s", diff)
	}
	if got, want := req.URL.String(), before.URL.String(); got != want || req.Host != before.Host {
		t.Errorf("the request has changed: %s %s", got, req.Host)
	}
}

func TestWhereRequestsComeFromAndGoTo(t *testing.T) {
	req, _ := request(t, nil)
	req.Host = ""
	res, err := transport(func(_ http.ResponseWriter, r *http.Request) {
		if from, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !from.Addr().IsLoopback() || r.RemoteAddr != inprocess.RemoteAddr {
			t.Errorf("got RemoteAddr %q, %v; want a loopback address", r.RemoteAddr, err)
		}
		if r.Host != "api.internal" {
			t.Errorf("got Host %q, want the URL's", r.Host)
		}
	}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func TestUnsupportedMethodsOfTheWriter(t *testing.T) {
	req, _ := request(t, nil)
	res, err := transport(func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		_, _, hijack := c.Hijack()
		for name, err := range map[string]error{
			"SetReadDeadline":  c.SetReadDeadline(time.Now()),
			"SetWriteDeadline": c.SetWriteDeadline(time.Now()),
			"Hijack":           hijack,
		} {
			if !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("%s: got %v, want %v", name, err, http.ErrNotSupported)
			}
		}
		io.WriteString(w, "as if nothing had happened")
	}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); string(body) != "as if nothing had happened" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestAnHTTPClientFollowsRedirectsAndTimesOut(t *testing.T) {
	client := &http.Client{
		Timeout: 30 * time.Second,
		Transport: transport(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/slow":
				<-r.Context().Done()
			case "/old":
				http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
			default:
				io.Copy(w, r.Body)
			}
		}),
	}
	res, err := client.Post("http://api.internal/old", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); string(body) != "hello" || err != nil || res.Request.URL.Path != "/new" {
		t.Errorf("got %q, %v from %s; want the body echoed by /new", body, err, res.Request.URL)
	}
	res.Body.Close()
	client.Timeout = time.Millisecond
	if _, err := client.Get("http://api.internal/slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}
