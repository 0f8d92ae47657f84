package bff_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// countingAPI counts the requests that begin, and the complete bodies that it gets.
type countingAPI struct{ begun, bodies atomic.Int32 }

func (a *countingAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.begun.Add(1)
	if _, err := io.ReadAll(r.Body); err != nil {
		return
	}
	a.bodies.Add(1)
	w.WriteHeader(http.StatusCreated)
}

// hold sends the head and part of the body of a request, and waits until its session was
// checked longer ago than the grace of a short request.
func (a *countingAPI) hold(t *testing.T, site, cookie, framing, first string) heldBody {
	t.Helper()
	begun := a.begun.Load()
	c := holdBody(t, site, cookie, framing, first)
	waittest.Until(t, "the request has arrived at the API", func() bool { return a.begun.Load() > begun })
	time.Sleep(300 * time.Millisecond)
	return c
}

// TestABodyHeldOpenDuringARevocationCreatesNothing: a request begins, another instance ends its
// session, and then the rest of the body arrives. The request has no effect.
func TestABodyHeldOpenDuringARevocationCreatesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		api := &countingAPI{}
		behind := httptest.NewServer(api)
		t.Cleanup(behind.Close)
		backend, err := url.Parse(behind.URL)
		if err != nil {
			t.Fatal(err)
		}
		share := func(c *bff.Config) { c.Backend = backend }
		here, elsewhere := newSite(t, db, share), newSite(t, db, share)
		owner := here.visitor()
		for i, body := range [][3]string{
			{"Content-Length: 13", `{"title":"x"`, `}`},
			{"Content-Length: 13", `{`, `"title":"x"}`},
			{"Transfer-Encoding: chunked", "d\r\n{\"title\":\"x\"}\r\n", "0\r\n\r\n"},
			{"Transfer-Encoding: chunked", "1\r\n{\r\n", "c\r\n\"title\":\"x\"}\r\n0\r\n\r\n"},
		} {
			for _, revoke := range []bool{false, true} {
				before := api.bodies.Load()
				owner.signUp(fmt.Sprintf("a%d.%t@example.com", i, revoke))
				cookie := owner.cookieHeader()
				c := api.hold(t, here.url, cookie, body[0], body[1])
				if revoke {
					out := elsewhere.visitor()
					out.want(out.do("POST", "/api/auth/logout", "", "Cookie", cookie), 200, "true")
				}
				res, text := c.finish(body[2])
				switch got := api.bodies.Load() - before; {
				case revoke && (res.StatusCode != 401 || !strings.Contains(text, "SESSION_EXPIRED") || got != 0):
					t.Errorf("%q: got %d %s, and the API got %d complete bodies", body, res.StatusCode, text, got)
				case !revoke && (res.StatusCode != 201 || got != 1):
					t.Errorf("%q: got %d %s with a live session, and the API got %d complete bodies", body, res.StatusCode, text, got)
				}
			}
		}
	})
}

// TestABodyHeldOpenDuringAnOutageCreatesNothing: the BFF cannot check that the session is still
// alive.
func TestABodyHeldOpenDuringAnOutageCreatesNothing(t *testing.T) {
	t.Parallel()
	server, db := ownServer(t)
	api := &countingAPI{}
	behind := httptest.NewServer(api)
	t.Cleanup(behind.Close)
	backend, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, db, func(c *bff.Config) { c.Backend = backend })
	v := s.visitor()
	v.signUp("ada@example.com")
	c := api.hold(t, s.url, v.cookieHeader(), "Content-Length: 13", `{"title":"x"`)
	server.Stop(t)
	if res, text := c.finish("}"); res.StatusCode != 503 || !strings.Contains(text, "STORE_UNAVAILABLE") || len(res.Header.Values("Set-Cookie")) > 0 {
		t.Errorf("got %d %s, Set-Cookie %q", res.StatusCode, text, res.Header.Values("Set-Cookie"))
	}
	if n := api.bodies.Load(); n > 0 {
		t.Errorf("the API got %d complete bodies", n)
	}
}

// heldBody is a request whose head and part of its body were sent.
type heldBody struct {
	t *testing.T
	net.Conn
}

func holdBody(t *testing.T, site, cookie, framing, first string) heldBody {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(site, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(conn, "POST /api/proxy/x HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/json\r\n%s\r\n\r\n%s",
		strings.TrimPrefix(site, "http://"), cookie, framing, first)
	return heldBody{t, conn}
}

// finish sends the rest and reads the answer.
func (h heldBody) finish(rest string) (*http.Response, string) {
	h.t.Helper()
	if _, err := io.WriteString(h, rest); err != nil {
		h.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(h), &http.Request{Method: "POST"})
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, string(text)
}
