package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/internal/testtls"
)

// site is two instances on one PostgreSQL, for a proxy that ends TLS in front of them. Their
// settings are those of production, except for the addresses.
type site struct {
	*product
	listen    string // where the proxy has to listen
	addr      [2]string
	admin     [2]string
	crt, key  string // the proxy's certificate, in files
	transport *http.Transport
}

func newSite(t *testing.T) *site {
	t.Helper()
	addr := freeAddrs(t, 7)
	s := &site{
		product: &product{t: t, dir: t.TempDir(), bff: "https://localhost:" + port(addr[0])},
		listen:  addr[0],
		addr:    [2]string{addr[1], addr[2]},
		admin:   [2]string{addr[3], addr[4]},
	}
	s.certify(t)
	env := []string{
		"BASE_URL=" + s.bff, "TRUSTED_PROXIES=127.0.0.1", "BETTER_AUTH_SECRET=" + secret, "LOG_FORMAT=json",
		"DATABASE_URL=" + storetest.PostgresURL(t), "DRAIN_DELAY=5s", // the default, but for listeners on loopback
	}
	for i := range s.addr {
		own := append([]string{"BFF_ADDR=" + s.addr[i], "API_ADDR=" + addr[5+i], "ADMIN_ADDR=" + s.admin[i]}, env...)
		s.product.admin = append(s.product.admin, "http://"+s.admin[i])
		s.processes = append(s.processes, start(t, binary(t, build.race), s.dir, own, "serve"))
		s.waitReady(i)
	}
	return s
}

// certify makes the proxy's certificate, and a client that trusts it.
func (s *site) certify(t *testing.T) {
	t.Helper()
	authority := testtls.NewAuthority(t)
	s.crt, s.key = testtls.Files(t, authority.Certificate(t))
	s.transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool}, ForceAttemptHTTP2: true}
	t.Cleanup(s.transport.CloseIdleConnections)
}

// signUp returns a browser with a session.
func (s *site) signUp(email string) *browser {
	s.t.Helper()
	b := &browser{t: s.t, origin: s.bff, streams: s.transport, client: &http.Client{Jar: newJar(s.t), Timeout: patience, Transport: s.transport}}
	b.want(b.send("POST", s.bff+"/api/auth/signup", `{"email":"`+email+`","password":"paper-lantern-42"}`), 200, email)
	return b
}

// restart restarts an instance as a deploy does, and waits until it gets requests again.
func (s *site) restart(i int) (log string) {
	s.t.Helper()
	old := s.processes[i]
	if code := old.stop(); code != 0 {
		s.t.Errorf("got exit code %d, want 0:\n%s", code, old.log)
	}
	s.processes[i] = start(s.t, old.cmd.Path, s.dir, old.cmd.Env, "serve")
	s.waitReady(i)
	s.processes[i].log.Want(s.t, `"path":"/api/proxy/`)
	return old.log.String()
}

// traffic is what one user's programs send, and what went wrong.
type traffic struct {
	b       *browser
	mu      sync.Mutex
	created []string
	failed  []string
}

// run sends requests one after another until stop is closed: it creates a task, reads it and
// changes it.
func (c *traffic) run(name string, stop <-chan struct{}) {
	for n := 0; ; n++ {
		title := fmt.Sprintf("%s-%d", name, n)
		created := c.send(http.MethodPost, "/api/proxy/me/tasks", `{"title":"`+title+`"}`, http.StatusCreated, title)
		if created != nil {
			c.mu.Lock()
			c.created = append(c.created, title)
			c.mu.Unlock()
			at := created.Get("Location")
			c.send(http.MethodGet, at, "", http.StatusOK, title)
			c.send(http.MethodPatch, at+"/complete", "", http.StatusOK, `"completed":true`)
		}
		select {
		case <-stop:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// send returns the header of the answer, or nil if it is not what was expected.
func (c *traffic) send(method, path, body string, status int, part string) http.Header {
	header, err := c.try(method, path, body, status, part)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.failed = append(c.failed, fmt.Sprintf("%s %s %s: %v", time.Now().Format(time.StampMilli), method, path, err))
		return nil
	}
	return header
}

func (c *traffic) try(method, path, body string, status int, part string) (http.Header, error) {
	r, err := http.NewRequest(method, c.b.origin+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Origin", c.b.origin)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != status || !strings.Contains(string(answer), part) {
		return nil, fmt.Errorf("got %d %s, want %d with %s", res.StatusCode, answer, status, part)
	}
	return res.Header, nil
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
