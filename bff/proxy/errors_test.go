package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// nothingListens is an API that is not running. A free port that was used before could
// belong to another test by now.
const nothingListens = "http://127.0.0.1:1"

func TestAnAPIThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	none := func(net.Conn, *bufio.Reader) {}
	for name, api := range map[string]func(*testing.T) string{
		"nothing listens":           func(*testing.T) string { return nothingListens },
		"it hangs up":               func(t *testing.T) string { return rawAPI(t, none) },
		"it hangs up after it read": func(t *testing.T) string { return rawAPI(t, answering("")) },
		"it speaks no HTTP":         func(t *testing.T) string { return rawAPI(t, answering("SSH-2.0-OpenSSH_9.2\n")) },
		"its header breaks off":     func(t *testing.T) string { return rawAPI(t, answering("HTTP/1.1 200 OK\nContent-Le")) },
		"its header has no colon":   func(t *testing.T) string { return rawAPI(t, answering("HTTP/1.1 200 OK\nfoo\n\n")) },
		"its status is no number":   func(t *testing.T) string { return rawAPI(t, answering("HTTP/1.1 abc OK\n\n")) },
		"its status is impossible":  func(t *testing.T) string { return rawAPI(t, answering("HTTP/1.1 042 Hm\n\n")) },
		"its length is no number":   func(t *testing.T) string { return rawAPI(t, answering("HTTP/1.1 200 OK\nContent-Length: x\n\n")) },
		"two lengths": func(t *testing.T) string {
			return rawAPI(t, answering("HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nab"))
		},
		"its header is too large": func(t *testing.T) string {
			return rawAPI(t, answering("HTTP/1.1 200 OK\nX: "+strings.Repeat("x", maxHeader+1)+"\n\n"))
		},
		"it switches protocols without a request for it": func(t *testing.T) string {
			return rawAPI(t, answering("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n\n"))
		},
		"it switches to no protocol, without a request for it": func(t *testing.T) string {
			return rawAPI(t, answering("HTTP/1.1 101 Switching Protocols\n\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, way := range ways {
				r := newRig(t, api(t), way)
				for _, method := range []string{"GET", "POST"} {
					res, body := r.do(r.request(t.Context(), method, "/api/proxy/x", nil))
					r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
					if !strings.Contains(body, "Failed to proxy request") {
						t.Errorf("got %s", body)
					}
				}
				r.wantLog(`"error":"Failed to proxy request: `) // and the cause
			}
		})
	}
	t.Run("while the client uploads", func(t *testing.T) {
		r := newRig(t, rawAPI(t, none))
		res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/x", struct{ io.Reader }{io.LimitReader(zeros{}, 1<<20)}))
		r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
		if !res.Close {
			t.Error("the connection stays open, with the rest of the body on it")
		}
	})
}

// TestOnlyTheAPIsOwnTimeCounts: the limit is for the time between a complete request and the
// header of its answer.
func TestOnlyTheAPIsOwnTimeCounts(t *testing.T) {
	t.Parallel()
	const limit = time.Second
	inBubble := func(name string, timeout time.Duration, api http.HandlerFunc, test func(*testing.T, *slowSide)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, newSlowSide(t, transports["by a connection"](t, api), func(c *Config) { c.Timeout = timeout }))
			})
		})
	}
	inBubble("a slow upload is not the API's fault", limit, func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		fmt.Fprint(w, string(body), err)
	}, func(t *testing.T, s *slowSide) {
		c := s.send("POST /api/proxy/x HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nConnection: close\r\nContent-Length: 2\r\n\r\n")
		for _, b := range "hi" {
			time.Sleep(limit * 3 / 2) // each pause is longer than the limit
			if _, err := io.WriteString(c, string(b)); err != nil {
				t.Fatal(err)
			}
		}
		wantAnswer(t, c, "hi<nil>")
	})
	inBubble("a slow answer is fine after its header", limit, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		time.Sleep(limit * 3 / 2)
		_, _ = io.WriteString(w, "late")
	}, func(t *testing.T, s *slowSide) { wantAnswer(t, s.get(), "late") })
	inBubble("0 is no limit", 0, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Hour)
		_, _ = io.WriteString(w, "late")
	}, func(t *testing.T, s *slowSide) { wantAnswer(t, s.get(), "late") })
}

// wantAnswer reads an answer with status 200 from c.
func wantAnswer(t *testing.T, c net.Conn, want string) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); res.StatusCode != 200 || string(body) != want || err != nil {
		t.Errorf("got %d %q (%v), want 200 %q", res.StatusCode, body, err, want)
	}
}

// TestABodyThatOutlivesOurToken: the cause is a slow body, not a wrong setting.
func TestABodyThatOutlivesOurToken(t *testing.T) {
	t.Parallel()
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Www-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	for expired, want := range map[bool]struct {
		status int
		code   string
	}{true: {408, "REQUEST_TIMEOUT"}, false: {502, "UPSTREAM_REJECTED_TOKEN"}} {
		r := newRig(t, api, func(c *Config) {
			authorize := c.Authorize
			c.Authorize = func(r *http.Request) (Grant, error) {
				grant, err := authorize(r)
				grant.Expired = func() bool { return expired }
				return grant, err
			}
		})
		res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/x", strings.NewReader("a body")))
		r.wantError(res, body, want.status, want.code)
		res, body = r.get("/api/proxy/x") // without a body there was nothing to wait for
		r.wantError(res, body, 502, "UPSTREAM_REJECTED_TOKEN")
	}
}

func TestAnAPIThatRejectsOurToken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		status    int
		challenge []string
		rejected  bool
	}{
		{"Bearer alone", 401, []string{"Bearer"}, true},
		{"Bearer in any case", 401, []string{"bEARER"}, true},
		{"with parameters", 401, []string{`Bearer realm="api", error="invalid_token"`}, true},
		{"second of a line", 401, []string{`Basic realm="a, b", Bearer`}, true},
		{"second line", 401, []string{`Basic realm="x"`, `Bearer error="x"`}, true},
		{"as our API says it", 401, []string{`Bearer error="invalid_token", error_description="Token has expired"`}, true},
		{"another scheme", 401, []string{`Basic realm="Bearer, Bearer"`}, false},
		{"a longer word", 401, []string{`BearerX`}, false},
		{"no challenge", 401, nil, false},
		{"another status", 403, []string{"Bearer"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Www-Authenticate"] = test.challenge
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, "the API's own words")
			}))
			res, body := r.get("/api/proxy/x")
			if !test.rejected {
				if res.StatusCode != test.status || body != "the API's own words" {
					t.Errorf("got %d %s", res.StatusCode, body)
				}
				return
			}
			r.wantError(res, body, http.StatusBadGateway, "UPSTREAM_REJECTED_TOKEN")
			if len(res.Header["Www-Authenticate"]) > 0 {
				t.Error("the API's challenge passed")
			}
			for _, setting := range []string{"BETTER_AUTH_SECRET", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_ALGORITHM"} {
				r.wantLog(setting)
			}
			if strings.Contains(r.log.String(), testBearer) {
				t.Error("the token is in the log")
			}
		})
	}
}
