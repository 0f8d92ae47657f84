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
)

// heldHead sends the head of a request and a part of its body, of a size that fills
// room for all of it.
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
	share   = 256 << 10 // of an address
)

// fill takes the share of this address with bodies held open, as the sender of cookie
// or as a stranger.
func (s *site) fill(path, cookie string) (open []net.Conn) {
	s.t.Helper()
	taken := func() int {
		strangers, members := s.server.BodiesTaken()
		return strangers + members
	}
	for left := share; left > 0; {
		n := min(left, largest+1)
		open = append(open, s.heldHead(path, cookie, n-1))
		left -= n
		for start := time.Now(); taken() != share-left; time.Sleep(2 * time.Millisecond) {
			if time.Since(start) > 20*time.Second {
				s.t.Fatalf("got %d bytes taken, want %d", taken(), share-left)
			}
		}
	}
	return open
}

// TestBodiesHeldOpenKeepNobodyElseOut fills the share of an address, as strangers do and
// as one who is signed in does.
func TestBodiesHeldOpenKeepNobodyElseOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	client := s.service("mailer", "tasks:read")
	member, stranger := s.visitor(), s.visitor()
	member.signUp("ada@example.com")
	const short = `{"email":"ada@example.com","password":"paper-lantern-42"}`
	long := strings.Repeat(" ", 2<<10) // what is longer than the first KiB takes of the share
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

	held = s.fill("/api/auth/update-user", member.cookieOf())
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
	for start := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		strangers, members := s.server.BodiesTaken()
		if strangers+members == 0 {
			return
		}
		if time.Since(start) > 20*time.Second {
			s.t.Fatalf("%d and %d bytes are still taken", strangers, members)
		}
	}
}

// TestRequestsOfOneUserThatWaitForTheAPILeaveOthersTheirs goes through every method.
func TestRequestsOfOneUserThatWaitForTheAPILeaveOthersTheirs(t *testing.T) {
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
		c.ProxyMaxRequests = 10 // so that one user has one
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
		_, _ = io.WriteString(conn, "GET /api/proxy/hang HTTP/1.1\r\nHost: x\r\nCookie: "+greedy.cookieOf()+"\r\n\r\n")
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
	greedy.want(greedy.do("GET", "/api/auth/get-session", ""), 200, "greedy") // what is our own is answered
	conn.Close()
	for start := time.Now(); greedy.do("GET", "/api/proxy/x", "").status != 200; time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatal("the place is never given back")
		}
	}
	hang()
	s.server.RefuseOften("127.0.0.1")
	for v, want := range map[*visitor]bool{greedy: true, modest: false} {
		if late := s.isLate("GET", "/api/proxy/x", "Cookie", v.cookieOf()); late != want {
			t.Errorf("got told late %t, want %t", late, want)
		}
	}
}
