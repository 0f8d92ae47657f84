package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/freeport"
	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/internal/testlog"
)

// patience is the timeout of everything that the tests wait for. It is long because the
// machine may be busy with other tests. No test asserts with it how fast something is.
const patience = 2 * time.Minute

// The secret of every product under test that is given one.
const secret = "7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1e2f"

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binDir, err = os.MkdirTemp("", "vestibule-e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binDir)
		code := m.Run()
		if !endShared() {
			code = 1
		}
		return code
	}())
}

// process is a running vestibule.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	log    *testlog.Buffer
	exited chan struct{}
	err    error // after exited
}

// start runs the binary with nothing of our own environment in its own.
func start(t testing.TB, path, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, log: &testlog.Buffer{}, exited: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Errorf("vestibule %s has a data race:\n%s", strings.Join(args, " "), p.log)
		} else if t.Failed() {
			t.Logf("vestibule %s:\n%s", strings.Join(args, " "), p.log)
		}
	})
	return p
}

// stop asks the process to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("vestibule is still running:\n%s", p.log)
		return 0
	}
}

// product is the whole of it, started in one process or in two.
type product struct {
	t             testing.TB
	bff, api      string // URLs
	admin         []string
	processes     []*process
	dir, database string
}

// shape is one way to run the product.
type shape struct {
	name     string
	postgres bool
	bouncer  bool // PgBouncer in transaction mode before PostgreSQL
	split    bool
}

var shapes = []shape{
	{name: "serve on SQLite"},
	{name: "serve on PostgreSQL", postgres: true},
	{name: "split on SQLite", split: true},
	{name: "split on PostgreSQL", postgres: true, split: true},
	{name: "serve on PostgreSQL behind PgBouncer", postgres: true, bouncer: true},
}

// inEveryShape runs a test against the running product in each of its shapes.
func inEveryShape(t *testing.T, test func(t *testing.T, p *product)) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel() // much of it is waiting
			test(t, sharedProduct(t, s))
		})
	}
}

// aloneIn is for tests that stop the product, or count what it allows.
func aloneIn(t *testing.T, shapes []shape, test func(t *testing.T, p *product)) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, launch(t, s))
		})
	}
}

// launch starts the product and waits until it is ready. settings are added
// to the environment.
func launch(t testing.TB, s shape, settings ...string) *product {
	t.Helper()
	return launchBinary(t, binary(t, build.race), s, settings...)
}

func launchBinary(t testing.TB, path string, s shape, settings ...string) *product {
	t.Helper()
	addr := freeAddrs(t, 4)
	p := &product{t: t, bff: "http://" + addr[0], api: "http://" + addr[1], dir: t.TempDir()}
	p.described(settings)
	env := []string{
		"BASE_URL=" + p.bff, "BFF_ADDR=" + addr[0], "API_ADDR=" + addr[1], "LOG_FORMAT=json",
		"BETTER_AUTH_SECRET=" + secret,
	}
	p.database = "sqlite:" + filepath.Join(p.dir, "vestibule.db")
	if s.postgres {
		p.database = storetest.PostgresURL(t)
		if s.bouncer {
			p.database = pgtest.PgBouncer(t, p.database)
		}
		env = append(env, "MIGRATE=true")
	} else {
		storetest.Fill(t, filepath.Join(p.dir, "vestibule.db")) // migrations take their time with the race detector
	}
	env = append(env, "DATABASE_URL="+p.database)
	env = append(env, settings...)
	run := func(admin string, extra []string, args ...string) {
		p.admin = append(p.admin, "http://"+admin)
		p.processes = append(p.processes, start(t, path, p.dir, slices.Concat(extra, []string{"ADMIN_ADDR=" + admin}, env), args...)) // of two, the later one counts
	}
	if s.split {
		run(addr[2], nil, "api")
		run(addr[3], []string{"BACKEND_URL=" + p.api}, "bff")
	} else {
		run(addr[2], nil, "serve")
	}
	for i := range p.admin {
		p.waitReady(i)
	}
	return p
}

func (p *product) waitReady(i int) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		res, err := http.Get(p.admin[i] + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-p.processes[i].exited:
			p.t.Fatalf("vestibule ended at start:\n%s", p.processes[i].log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("vestibule is not ready:\n%s", p.processes[i].log)
		}
	}
}

// freeAddrs finds loopback addresses that nothing listens on.
func freeAddrs(t testing.TB, n int) []string {
	t.Helper()
	addrs := make([]string, n)
	for i := range addrs {
		var err error
		if addrs[i], err = freeport.Addr(); err != nil {
			t.Fatal(err)
		}
	}
	return addrs
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// browser keeps cookies as a browser does, and sends the headers that it sends.
type browser struct {
	t      testing.TB
	client *http.Client
	origin string
}

func newBrowser(t testing.TB, origin string) *browser {
	t.Helper()
	return &browser{t: t, origin: origin, client: &http.Client{Jar: newJar(t), Timeout: patience, Transport: documented(t)}}
}

func (b *browser) send(method, target, body string, header ...string) answer {
	b.t.Helper()
	if method != http.MethodGet {
		header = append([]string{"Origin", b.origin}, header...)
	}
	return b.sendRaw(method, target, body, header...)
}

// sendRaw sends the given header and nothing else of a browser's. An empty
// value leaves a header out; a + before a name adds a second line.
func (b *browser) sendRaw(method, target, body string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		name, second := strings.CutPrefix(header[i], "+")
		switch {
		case header[i+1] == "":
		case second:
			r.Header.Add(name, header[i+1])
		default:
			r.Header.Set(name, header[i+1])
		}
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(data)}
}

// cookie returns the value of the session cookie, or "".
func (b *browser) cookie() string {
	u, err := url.Parse(b.origin)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "better-auth.session_token" {
			return c.Value
		}
	}
	return ""
}

func (b *browser) want(got answer, status int, part string) answer {
	b.t.Helper()
	if got.status != status || !strings.Contains(got.body, part) {
		b.t.Fatalf("got %v, want %d with %q", got, status, part)
	}
	return got
}
