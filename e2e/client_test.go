package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"vestibule/internal/quicktest"
	"vestibule/internal/testtls"
)

// The tests of the official client are in e2e/client. They run the unmodified client in
// Node. make test-reference runs them against the real Better Auth server, which proves that
// they expect what that server does.

// clientSuite is a folder of those tests, with the settings of the server.
type clientSuite struct {
	folder    string
	settings  []string
	reference string // the same for the reference
	shapes    []shape
}

// The first suite has all calls of the client, and runs on each engine, in one process and in
// two. The others are about single settings of the BFF, and run in one shape each. Other tests
// have these settings in the other: TestAKeyRotationFailsNoRequest has tokens on PostgreSQL,
// TestGuessesAreLimited has the limits there, and bff has the last two on SQLite.
var clientSuites = []clientSuite{
	{folder: "test", settings: []string{"RATE_LIMIT=off"}, shapes: []shape{shapes[0], shapes[3]}},
	{folder: "exposed", settings: []string{"RATE_LIMIT=off", "EXPOSE_TOKEN=true", "JWT_ALGORITHM=EdDSA"}, reference: "expose", shapes: shapes[:1]},
	{folder: "required", settings: []string{"RATE_LIMIT=off", "REQUIRE_EMAIL_VERIFICATION=true"}, reference: "require", shapes: shapes[3:4]},
	{folder: "strict", reference: "strict", shapes: shapes[:1]},
}

// ownSuites test what the reference does not have.
var ownSuites = []clientSuite{
	{folder: "fresh", settings: []string{"RATE_LIMIT=off", "SESSION_FRESH_AGE=3s"}, shapes: shapes[3:4]},
}

// clientFolder returns the folder where npm has installed the client.
func clientFolder(t testing.TB) string {
	t.Helper()
	quicktest.Skip(t, "Node.js")
	folder, err := filepath.Abs("client")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "better-auth", "package.json")); err != nil {
		t.Fatalf("the official client is not installed; run e2e/install.sh, or npm ci --ignore-scripts in e2e/client: %v", err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("Node.js is not installed; run e2e/install.sh, or on Debian: apt-get install nodejs npm")
	}
	return folder
}

// runSuite runs the client's tests against a server.
func runSuite(t *testing.T, suite clientSuite, env ...string) {
	t.Helper()
	folder := clientFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, suite.folder, "*.test.js"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got tests %v, %v", files, err)
	}
	// One process for all files. With one for each, and the runner's, most of the processor time
	// is Node's start and the loading of the client.
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"--test-reporter=tap", "--input-type=module",
		"--eval", "for (const file of process.argv.slice(1)) await import(file)"}, files...)...)
	cmd.Dir = folder
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1"}, env...)
	out, err := cmd.CombinedOutput()
	passed := regexp.MustCompile(`(?m)^# pass (\d+)$`).FindSubmatch(out)
	if err != nil || passed == nil || string(passed[1]) == "0" {
		t.Fatalf("the client's tests failed (%v):\n%s", err, out)
	}
	t.Logf("%s tests passed", passed[1])
}

func TestOfficialClient(t *testing.T) {
	t.Parallel()
	for _, suite := range slices.Concat(clientSuites, ownSuites) {
		for _, s := range suite.shapes {
			t.Run(s.name+", "+suite.folder, func(t *testing.T) {
				t.Parallel() // much of it is waiting
				mails := t.TempDir()
				settings := append([]string{"TRUSTED_ORIGINS=https://app.example.com", "MAIL_DIR=" + mails}, suite.settings...)
				p := launch(t, s, settings...)
				runSuite(t, suite, "TARGET=vestibule", "BASE_URL="+p.bff, "MAIL_DIR="+mails)
			})
		}
	}
}

// tlsFront is a proxy that ends TLS, with the certificate of an authority that only
// this test trusts.
type tlsFront struct {
	base string // its URL
	ca   string // a file with the authority's certificate
	to   atomic.Pointer[url.URL]
}

func newTLSFront(t *testing.T) *tlsFront {
	t.Helper()
	authority := testtls.NewAuthority(t)
	f := &tlsFront{ca: filepath.Join(t.TempDir(), "ca.pem")}
	if err := os.WriteFile(f.ca, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	server := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(f.to.Load())
		r.Out.Host = r.In.Host
		r.SetXForwarded()
		// The requests come from many addresses. With one address they would soon reach the
		// rate limits, which cannot be switched off on https.
		r.Out.Header.Set("X-Forwarded-For", "198.51.100."+strconv.FormatInt(requests.Add(1)%250, 10))
	}})
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t)}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f.base = "https://localhost:" + port
	return f
}

// leadsTo sets the server that gets the requests.
func (f *tlsFront) leadsTo(t *testing.T, server string) {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	f.to.Store(u)
}

// Rate limits cannot be switched off on https.
var httpsSuites = []clientSuite{
	{folder: "test"},
	{folder: "edge", settings: []string{"COOKIE_NAME=__Secure-better-auth.session_token"}},
}

func TestOfficialClientOverHTTPS(t *testing.T) {
	t.Parallel()
	for _, suite := range httpsSuites {
		t.Run(suite.folder, func(t *testing.T) {
			front, mails := newTLSFront(t), t.TempDir()
			settings := append([]string{
				"BASE_URL=" + front.base, "TRUSTED_PROXIES=127.0.0.1", "TRUSTED_ORIGINS=https://app.example.com", "MAIL_DIR=" + mails,
			}, suite.settings...)
			p := launch(t, shapes[0], settings...)
			front.leadsTo(t, p.bff)
			runSuite(t, suite, "TARGET=vestibule", "BASE_URL="+front.base, "MAIL_DIR="+mails, "NODE_EXTRA_CA_CERTS="+front.ca)
		})
	}
}

// TestRateLimitStaysOnOverHTTPS: RATE_LIMIT=off is for tests on one machine.
func TestRateLimitStaysOnOverHTTPS(t *testing.T) {
	t.Parallel()
	p := start(t, binary(t, build.race), t.TempDir(), []string{"BASE_URL=https://app.example.com", "BETTER_AUTH_SECRET=" + secret, "RATE_LIMIT=off"}, "serve")
	if code := p.wait(); code != 2 || !strings.Contains(p.log.String(), "RATE_LIMIT") {
		t.Errorf("got exit code %d and %s", code, p.log)
	}
}

func TestGuessesAreLimited(t *testing.T) {
	t.Parallel()
	aloneIn(t, []shape{shapes[0], shapes[3]}, func(t *testing.T, p *product) {
		owner, guesser := newBrowser(t, p.bff), newBrowser(t, p.bff)
		owner.signUp("nia@example.com")
		guess := func(address string) answer {
			return guesser.send("POST", p.bff+"/api/auth/login", fmt.Sprintf(`{"email":%q,"password":"wrong horse"}`, address))
		}
		var known, unknown []answer
		for range 12 {
			known, unknown = append(known, guess("NIA@example.com")), append(unknown, guess("nobody@example.com"))
		}
		for i := range known {
			want := http.StatusUnauthorized
			if i >= 10 {
				want = http.StatusTooManyRequests
			}
			if known[i].status != want || known[i].body != unknown[i].body {
				t.Errorf("guess %d: got %v for an account and %v for none, want %d", i+1, known[i], unknown[i], want)
			}
		}
		after, err := strconv.Atoi(known[11].header.Get("Retry-After"))
		if err != nil || after < 1 || known[11].header.Get("X-Retry-After") == "" {
			t.Errorf("got Retry-After %q", known[11].header.Get("Retry-After"))
		}
		// Nobody is locked out of a live session, nor of what it can do.
		owner.want(owner.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "[]")
		owner.want(owner.send("POST", p.bff+"/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "true")
		for range 10 {
			owner.send("POST", p.bff+"/api/auth/change-password", `{"currentPassword":"wrong horse","newPassword":"another horse"}`)
		}
		owner.want(owner.send("POST", p.bff+"/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another horse"}`), 429, "TOO_MANY_REQUESTS")
	})
}
