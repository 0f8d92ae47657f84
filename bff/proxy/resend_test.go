package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

// An API may redirect before it has read the body. What it has read, and what arrives later, goes
// to the other path as one body.
func TestABodyThatStillArrivesIsSentAgain(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		for name, body := range heldBodies {
			api := newSlashAPI(true)
			api.early = true
			r := start(api)
			c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" + body.head + "\n" + body.first)
			redirected := waittest.Receive(t, "the redirect", api.requests)
			c.send(body.last)
			res, text := c.answer("POST")
			if res.StatusCode != 200 || text != "found" {
				t.Errorf("%s: got %d %q", name, res.StatusCode, text)
			}
			want := "1234567890"
			if name == "chunked, without anything" {
				want = ""
			}
			if again := waittest.Receive(t, "the second request", api.requests); again.body != want || again.ContentLength != redirected.ContentLength {
				t.Errorf("%s: got body %q of length %d, want %q", name, again.body, again.ContentLength, want)
			}
		}
	})
}

func TestALargerBodyIsNotSentAgain(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		for _, size := range []int{maxKept, maxKept + 1, 3 * maxKept} {
			for _, chunked := range []bool{false, true} {
				api := newSlashAPI(true)
				r := start(api)
				req := r.request(t.Context(), "POST", "/api/proxy/tasks", bytes.NewReader(make([]byte, size)))
				if chunked {
					req.ContentLength = -1
				}
				res, _ := r.do(req)
				want, requests := http.StatusTemporaryRedirect, 1
				if size <= maxKept {
					want, requests = http.StatusOK, 2
				}
				if res.StatusCode != want || len(api.requests) != requests {
					t.Errorf("%d bytes, chunked %t: got %d after %d requests, want %d after %d", size, chunked, res.StatusCode, len(api.requests), want, requests)
				}
				if want == http.StatusTemporaryRedirect && res.Header.Get("Location") != "/api/proxy/tasks/" {
					t.Errorf("%d bytes, chunked %t: got Location %q", size, chunked, res.Header.Get("Location"))
				}
			}
		}
	})
}

// TestWhatIsKeptOfABody: no more than needed, no longer than needed.
func TestWhatIsKeptOfABody(t *testing.T) {
	t.Parallel()
	for _, declared := range []int64{maxKept, -1} {
		size := maxKept
		if declared < 0 {
			size *= 3
		}
		src := bytes.NewReader(make([]byte, size))
		r, body := keepBody(&http.Request{Body: io.NopCloser(src), ContentLength: declared})
		buf := make([]byte, 1000)
		for {
			_, err := r.Body.Read(buf)
			if got := len(body.kept); got > maxKept {
				t.Fatalf("%d bytes are kept", got)
			}
			if err != nil {
				break
			}
		}
		if kept := len(body.kept); declared < 0 && kept > 0 || declared > 0 && kept != maxKept {
			t.Errorf("length %d: %d bytes are kept", declared, kept)
		}
		body.forget()
		if body.kept != nil || body.sendAgain(r) {
			t.Errorf("length %d: got %d bytes after the answer, want none", declared, len(body.kept))
		}
	}
	if _, body := keepBody(&http.Request{Body: io.NopCloser(strings.NewReader("x")), ContentLength: maxKept + 1}); body != nil {
		t.Error("a body that is too large: got it kept")
	}
}

// A read for the first request that is under way when the second one begins loses nothing.
func TestTheSecondReaderGetsWhatTheFirstOneReadsLate(t *testing.T) {
	t.Parallel()
	src, client := io.Pipe()
	r, body := keepBody(&http.Request{Body: src, ContentLength: -1})
	first := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, r.Body)
		first <- err
	}()
	fmt.Fprint(client, "one ") // the first reader has read it, and waits for more
	waittest.Until(t, "it is kept", func() bool {
		body.mu.Lock()
		defer body.mu.Unlock()
		return len(body.kept) == 4
	})
	if !body.sendAgain(r) {
		t.Fatal("got a body that cannot be sent again")
	}
	second := make(chan string, 1)
	go func() {
		all, err := io.ReadAll(&body.second)
		second <- fmt.Sprint(string(all), err)
	}()
	fmt.Fprint(client, "two ")
	if err := waittest.Receive(t, "the first reader", first); err == nil {
		t.Error("the first reader: got the end of the body, want an error")
	}
	fmt.Fprint(client, "three")
	client.Close()
	if got := waittest.Receive(t, "the second reader", second); got != "one two three<nil>" {
		t.Errorf("got %q", got)
	}
}

// TestARequestWithoutABodyCostsNothing holds the normal case to no allocation.
func TestARequestWithoutABodyCostsNothing(t *testing.T) {
	answer := &http.Response{StatusCode: 200}
	next := roundTripper(func(*http.Request) (*http.Response, error) { return answer, nil })
	r, err := http.NewRequestWithContext(context.Background(), "GET", "http://api.internal/api/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { _, _, _ = followSlash(next, r) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzOtherSlash(f *testing.F) {
	for _, seed := range []string{
		"/base/api/users/7/tasks/?done=1", "http://api.internal:8000/base/api/users/7/tasks/?done=1", "tasks/?done=1", "https://app.example/base/api/users/7/tasks/?done=1",
		"//api.internal:8000/base/api/users/7/tasks/?done=1", "/base/api/users/7/x/../tasks/?done=1", "/base/api/users/7/%74asks/?done=1", "", "?done=1", "http:/x",
	} {
		f.Add(seed)
	}
	p, sent := located(f)
	f.Fuzz(func(t *testing.T, ref string) {
		other := p.otherSlash(sent, ref)
		if other == nil {
			return
		}
		if got := other.String(); got != "http://api.internal:8000/base/api/users/7/tasks/?done=1" {
			t.Errorf("%q leads to %q", ref, got)
		}
		if _, kind := p.locate(sent, ref); kind != proxied {
			t.Errorf("%q is followed, but would not be handed on: kind %d", ref, kind)
		}
	})
}
