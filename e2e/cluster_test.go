package e2e

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver of PostgreSQL

	"vestibule/internal/haproxytest"
	"vestibule/internal/pgtest"
	"vestibule/internal/recipetest"
	"vestibule/internal/storetest"
)

// cluster is three BFFs and two task APIs on one PostgreSQL, behind HAProxy with the
// configuration of docs/deploy.md.
type cluster struct {
	t        *testing.T
	path     string // of the program
	dir      string
	server   *pgtest.Server
	database string           // past network
	network  *storetest.Proxy // between the members and PostgreSQL
	front    string           // where HAProxy listens for the BFFs
	env      []string
	members  []*member
}

// member is one process of a cluster.
type member struct {
	*process
	side  string // bff or api
	addr  string
	admin string
}

func newCluster(t *testing.T, settings ...string) *cluster {
	t.Helper()
	which := build.race
	if long {
		which = build.plain // with the password costs and the speed of a release
	}
	const bffs, apis = 3, 2
	addr := freeAddrs(t, 2+2*(bffs+apis))
	c := &cluster{
		t: t, path: binary(t, which), dir: t.TempDir(), front: "http://" + addr[0],
		server: pgtest.NewServer(t, "-c", "max_connections=100", "-c", "shared_preload_libraries=pg_stat_statements"),
	}
	c.database = c.server.Database(t)
	c.network = storetest.NewProxy(t, c.database, nil)
	c.env = append([]string{
		"BASE_URL=" + c.front, "BACKEND_URL=http://" + addr[1], "DATABASE_URL=" + c.network.URL, "BETTER_AUTH_SECRET=" + secret,
		"JWT_ALGORITHM=EdDSA", "JWKS_URL=" + c.front + "/api/auth/jwks", "LOG_FORMAT=json", "TRUSTED_PROXIES=127.0.0.1", "DRAIN_DELAY=5s",
	}, settings...)
	c.run("migrate", "up")
	for i := range bffs + apis {
		m := &member{side: "bff", addr: addr[2+2*i], admin: addr[3+2*i]}
		if i >= bffs {
			m.side = "api"
		}
		c.members = append(c.members, m)
		c.start(m)
	}
	haproxytest.Start(t, c.haproxy(addr[0], addr[1])) // the APIs get their keys through it
	for _, m := range c.members {
		c.awaitReady(m)
	}
	time.Sleep(5 * time.Second) // until HAProxy has seen it twice
	return c
}

// haproxy returns the configuration of docs/deploy.md, without TLS, once for the BFFs and
// once for the APIs.
func (c *cluster) haproxy(front, apiFront string) string {
	text := recipetest.Edited(c.t, recipe(c.t, "HAProxy", "haproxy"),
		"bind :443 ssl crt /etc/haproxy/app.pem alpn h2,http/1.1", "bind ADDRESS",
		"http-request set-header X-Forwarded-For %[src]", "", // the users of the test have addresses of their own
		"http-request set-header X-Forwarded-Proto https", "",
		"check port 9090 ", "check ", // the members are on one machine
		"    server a 10.0.0.11:3000\n", "SERVERS",
		"    server b 10.0.0.12:3000\n", "")
	defaults, sides, ok := strings.Cut(text, "frontend app")
	if !ok {
		c.t.Fatal("docs/deploy.md has no frontend app")
	}
	side := func(name, address string) string {
		var servers strings.Builder
		for i, m := range c.members {
			if m.side == name {
				fmt.Fprintf(&servers, "    server %s%d %s port %s\n", name, i, m.addr, port(m.admin))
			}
		}
		return strings.NewReplacer("ADDRESS", address, "SERVERS", servers.String(), "frontend app", "frontend "+name, "vestibule", name+"s").Replace("frontend app" + sides)
	}
	return defaults + side("bff", front) + side("api", apiFront)
}

func (c *cluster) start(m *member) {
	env := append([]string{strings.ToUpper(m.side) + "_ADDR=" + m.addr, "ADMIN_ADDR=" + m.admin}, c.env...)
	m.process = start(c.t, c.path, c.dir, env, m.side)
}

func (c *cluster) awaitReady(m *member) {
	c.t.Helper()
	for end := time.Now().Add(patience); status("http://"+m.admin+"/readyz") != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s is not ready:\n%s", m.side, m.log)
		}
	}
}

// status returns the status of an answer, or 0.
func status(url string) int {
	res, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// run runs a command of the program with the cluster's settings.
func (c *cluster) run(args ...string) string {
	c.t.Helper()
	cmd := exec.Command(c.path, args...)
	cmd.Dir, cmd.Env = c.dir, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir}, c.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("vestibule %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// set changes a setting of the members that start from now on. "" removes it.
func (c *cluster) set(name, value string) {
	c.env = slices.DeleteFunc(c.env, func(s string) bool { return strings.HasPrefix(s, name+"=") })
	if value != "" {
		c.env = append(c.env, name+"="+value)
	}
}

// restart restarts the members one after another, as a deploy does.
func (c *cluster) restart(members ...*member) {
	c.t.Helper()
	for _, m := range members {
		if code := m.stop(); code != 0 {
			c.t.Errorf("%s: got exit code %d, want 0:\n%s", m.side, code, m.log)
		}
		c.start(m)
		c.awaitReady(m)
		time.Sleep(5 * time.Second) // until HAProxy has seen it twice
	}
}

// of returns the members of a side.
func (c *cluster) of(side string) []*member {
	return slices.DeleteFunc(slices.Clone(c.members), func(m *member) bool { return m.side != side })
}

// sql returns a connection to the cluster's database for the test itself.
func (c *cluster) sql() *sql.DB {
	c.t.Helper()
	db, err := sql.Open("postgres", c.database)
	if err != nil {
		c.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	c.t.Cleanup(func() { _ = db.Close() })
	return db
}

// browser returns a client of the cluster. Each has an address of its own, as if HAProxy had
// seen it.
func (c *cluster) browser(n int) *http.Client {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	c.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Timeout: patience, Transport: from{transport, fmt.Sprintf("192.0.2.%d", n%250+1)}}
}

// from adds the address of the client.
type from struct {
	http.RoundTripper
	address string
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.address)
	return f.RoundTripper.RoundTrip(r)
}
