package bff_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// heldHead sends the head of a request, and its body except for the last byte. The server
// reserves memory for the whole body.
func (s *site) heldHead(path, cookie string, length int) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, strings.TrimPrefix(s.url, "http://"), cookie, length, strings.Repeat(" ", length-1))
	return conn
}

const (
	largest = 32 << 10
	share   = 256 << 10 // of one address
)

// fill takes the share of this address with bodies that are held open. The sender is the
// user of the cookie, or a stranger.
func (s *site) fill(path, cookie string) (open []net.Conn) {
	s.t.Helper()
	for left := share; left > 0; {
		n := min(left, largest+1)
		open = append(open, s.heldHead(path, cookie, n-1))
		left -= n
		for start := time.Now(); s.server.BodyBytes() != share-left; time.Sleep(2 * time.Millisecond) {
			if time.Since(start) > waittest.Patience {
				s.t.Fatalf("got %d bytes of bodies in memory, want %d", s.server.BodyBytes(), share-left)
			}
		}
	}
	return open
}

// TestHeldBodiesDoNotBlockOthers fills the share of an address, first as a stranger and then
// as a signed-in user.
func TestHeldBodiesDoNotBlockOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	client := s.service("mailer", "tasks:read")
	member, stranger := s.visitor(), s.visitor()
	member.signUp("ada@example.com")
	const short = `{"email":"ada@example.com","password":"paper-lantern-42"}`
	long := strings.Repeat(" ", 2<<10) // only a body of more than 1 KiB takes memory of the share
	signIn := short + long
	name := func(v *visitor) answer { return v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`+long) }
	busy := func(v *visitor, a answer, part string) {
		t.Helper()
		if v.want(a, 503, part); a.header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
	}

	held := s.fill("/api/auth/sign-in/email", "")
	busy(stranger, stranger.do("POST", "/api/auth/sign-in/email", signIn), "BUSY")
	busy(stranger, stranger.do("POST", "/api/auth/oauth2/token", "grant_type=client_credentials&client_id="+client.id+"&client_secret="+client.secret+"&x="+strings.Repeat("x", 2<<10),
		"Content-Type", "application/x-www-form-urlencoded"), "temporarily_unavailable")
	member.want(name(member), 200, "true")
	stranger.want(s.visitor().do("POST", "/api/auth/sign-in/email", short), 200, "ada") // behind the same address
	for _, conn := range held {
		conn.Close()
	}
	s.emptied()
	stranger.want(stranger.do("POST", "/api/auth/sign-in/email", signIn), 200, "ada")

	held = s.fill("/api/auth/update-user", member.cookieHeader())
	busy(member, name(member), "BUSY")
	stranger.want(s.visitor().do("POST", "/api/auth/sign-in/email", signIn), 200, "ada")
	for _, conn := range held {
		conn.Close()
	}
	s.emptied()
	member.want(name(member), 200, "true")
}

// emptied waits until no body is in memory.
func (s *site) emptied() {
	s.t.Helper()
	waittest.Until(s.t, "no body is in memory", func() bool { return s.server.BodyBytes() == 0 })
}

// TestRequestsThatWaitForTheAPIAreBoundedPerUser: with every method, and other users are
// served.
func TestRequestsThatWaitForTheAPIAreBoundedPerUser(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 1)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/hang" {
			return
		}
		entered <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(api.Close)
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		c.Backend, _ = url.Parse(api.URL)
		c.ProxyMaxRequests = 10 // a tenth per user, so one request
	})
	greedy, modest := s.visitor(), s.visitor()
	greedy.signUp("greedy@example.com")
	modest.signUp("modest@example.com")
	hang := func() net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_, _ = io.WriteString(conn, "GET /api/proxy/hang HTTP/1.1\r\nHost: x\r\nCookie: "+greedy.cookieHeader()+"\r\n\r\n")
		<-entered
		return conn
	}
	conn := hang()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if a := greedy.want(greedy.do(method, "/api/proxy/x", ""), 429, "TOO_MANY_REQUESTS"); a.header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
		modest.want(modest.do(method, "/api/proxy/x", ""), 200, "")
	}
	greedy.want(greedy.do("GET", "/api/auth/get-session", ""), 200, "greedy") // not sent to the API
	conn.Close()
	for start := time.Now(); greedy.do("GET", "/api/proxy/x", "").status != 200; time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > waittest.Patience {
			t.Fatal("the place is never released")
		}
	}
	hang()
	s.server.DelayRefusals("127.0.0.1")
	for v, want := range map[*visitor]bool{greedy: true, modest: false} {
		if delayed := s.isDelayed("GET", "/api/proxy/x", "Cookie", v.cookieHeader()); delayed != want {
			t.Errorf("got delayed %t, want %t", delayed, want)
		}
	}
}
