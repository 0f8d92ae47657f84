package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// browser is a client that keeps cookies.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: patience}
}

func request(t *testing.T, c *http.Client, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

const account = `{"email":"ada@example.com","password":"correct horse battery staple"}`

// useTasks goes the whole way from sign-up to a task.
func useTasks(t *testing.T, bff string) {
	t.Helper()
	c := browser(t)
	if code, body := request(t, c, http.MethodPost, bff+"/api/auth/signup", account); code != http.StatusOK {
		t.Fatalf("sign-up: got %d %s", code, body)
	}
	if code, body := request(t, c, http.MethodPost, bff+"/api/proxy/me/tasks", `{"title":"read the log"}`); code != http.StatusCreated {
		t.Fatalf("create: got %d %s", code, body)
	}
	if code, body := request(t, c, http.MethodGet, bff+"/api/proxy/me/tasks", ""); code != http.StatusOK || !strings.Contains(body, "read the log") {
		t.Fatalf("list: got %d %s", code, body)
	}
}

func TestServeIsReadyServesAndStops(t *testing.T) {
	for _, algorithm := range []string{"HS256", "EdDSA", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			i := start(t, "serve", anywhere(t).with(environment{"JWT_ALGORITHM": algorithm, "LOG_LEVEL": "debug"}))
			useTasks(t, i.log.url("bff"))
			i.stop()
			if code := await(t, "exit", i.code); code != exitOK {
				t.Errorf("got code %d, want %d:\n%s", code, exitOK, i.log)
			}
			if strings.Contains(i.log.String(), "correct horse") || strings.Contains(i.log.String(), "Bearer ey") {
				t.Error("the log holds a password or a token")
			}
		})
	}
}

func TestTwoProcessesWorkOnOneDatabase(t *testing.T) {
	for _, algorithm := range []string{"HS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			env := anywhere(t).with(environment{"JWT_ALGORITHM": algorithm})
			// Each side is told where the other one is, so one of the addresses
			// must be known before there is a server behind it.
			network := newFront(t)
			more := environment{}
			if algorithm != hs256 {
				more["JWKS_URL"] = network.URL + "/api/auth/jwks"
			}
			api := launch(t, "api", env.with(more))
			eventually(t, "listening", func() bool { return api.log.url("admin") != "" })
			if algorithm != hs256 {
				if got := statusOf(api.log.url("admin") + "/readyz"); got != http.StatusServiceUnavailable {
					t.Errorf("an API without keys: got readyz %d, want 503", got)
				}
			}
			bff := start(t, "bff", env.with(environment{"BACKEND_URL": api.log.url("api")}))
			network.lead(t, bff.log.url("bff"))
			eventually(t, "ready", func() bool { return statusOf(api.log.url("admin")+"/readyz") == http.StatusOK })
			useTasks(t, bff.log.url("bff"))
			for _, i := range []*instance{bff, api} {
				i.stop()
				if code := await(t, "exit", i.code); code != exitOK {
					t.Errorf("got code %d, want %d:\n%s", code, exitOK, i.log)
				}
			}
		})
	}
}

// front is an address that leads to a server which is not there yet.
type front struct {
	*httptest.Server
	behind atomic.Pointer[httputil.ReverseProxy]
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if behind := f.behind.Load(); behind != nil {
			behind.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(f.Close)
	return f
}

// lead sends what comes to f on to the server at to.
func (f *front) lead(t *testing.T, to string) {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	f.behind.Store(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
}

func TestServeSendsRequestsWhereBackendURLSays(t *testing.T) {
	asked := make(chan string, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		w.WriteHeader(http.StatusNoContent)
	}))
	defer elsewhere.Close()
	i := start(t, "serve", anywhere(t).with(environment{"BACKEND_URL": elsewhere.URL + "/base"}))
	c, bff := browser(t), i.log.url("bff")
	request(t, c, http.MethodPost, bff+"/api/auth/signup", account)
	if code, body := request(t, c, http.MethodGet, bff+"/api/proxy/me/tasks", ""); code != http.StatusNoContent {
		t.Fatalf("got %d %s, want the other API's 204", code, body)
	}
	if got := <-asked; got != "/base/api/me/tasks" {
		t.Errorf("got path %s, want /base/api/me/tasks", got)
	}
}

func TestTheAPILogsTheClientOfTheBFF(t *testing.T) {
	i := start(t, "serve", anywhere(t).with(environment{"TRUSTED_PROXIES": "127.0.0.1"}))
	req, _ := http.NewRequest(http.MethodPost, i.log.url("bff")+"/api/auth/signup", strings.NewReader(account))
	req.Header.Set("Content-Type", "application/json")
	c := browser(t)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	req, _ = http.NewRequest(http.MethodGet, i.log.url("bff")+"/api/proxy/me/tasks", nil)
	req.Header.Set("X-Forwarded-For", "192.0.2.55")
	if resp, err = c.Do(req); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	eventually(t, "logged", func() bool {
		for line := range strings.Lines(i.log.String()) {
			var record struct{ Surface, IP, Path string }
			if json.Unmarshal([]byte(line), &record) == nil && record.Surface == "api" && record.IP == "192.0.2.55" {
				return true
			}
		}
		return false
	})
}

func TestAdminAnswersProbes(t *testing.T) {
	i := start(t, "serve", anywhere(t))
	admin := i.log.url("admin")
	code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/readyz", "")
	want := `{"status":"ok","checks":{"api":"ok","bff":"ok","database":"ok","listeners":"ok"}}`
	if code != http.StatusOK || body != want {
		t.Errorf("readyz: got %d %s, want 200 %s", code, body, want)
	}
	if code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/livez", ""); code != http.StatusOK || body != `{"status":"ok"}` {
		t.Errorf("livez: got %d %s", code, body)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if code, _ := request(t, http.DefaultClient, http.MethodHead, admin+path, ""); code != http.StatusOK {
			t.Errorf("HEAD %s: got %d, want 200", path, code)
		}
		if code, body := request(t, http.DefaultClient, http.MethodPost, admin+path, ""); code != http.StatusMethodNotAllowed || !strings.Contains(body, "METHOD_NOT_ALLOWED") {
			t.Errorf("POST %s: got %d %s, want 405", path, code, body)
		}
	}
	if code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/api/auth/ok", ""); code != http.StatusNotFound || !strings.Contains(body, "NOT_FOUND") {
		t.Errorf("another surface's path: got %d %s, want a JSON 404", code, body)
	}
}

func TestStartRefusesInOneLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deadAddr := dead.Addr().String()
	_ = dead.Close()

	tests := []struct {
		name    string
		command string
		env     environment
		code    int
		setting string
	}{
		{"* in TRUSTED_ORIGINS", "serve", environment{"TRUSTED_ORIGINS": "*"}, exitUsage, "TRUSTED_ORIGINS"},
		{"a short secret", "serve", environment{"BETTER_AUTH_SECRET": "short"}, exitUsage, "BETTER_AUTH_SECRET"},
		{"a header that may not pass", "serve", environment{"PROXY_FORWARD_HEADERS": "Cookie"}, exitUsage, "PROXY_FORWARD_HEADERS"},
		{"the BFF's port in use", "serve", environment{"BFF_ADDR": taken.Addr().String()}, exitFailure, "BFF_ADDR"},
		{"the API's port in use", "api", environment{"API_ADDR": taken.Addr().String()}, exitFailure, "API_ADDR"},
		{"the admin port in use", "bff", environment{"ADMIN_ADDR": taken.Addr().String()}, exitFailure, "ADMIN_ADDR"},
		{"an address of another machine", "serve", environment{"BFF_ADDR": "192.0.2.1:0"}, exitFailure, "BFF_ADDR"},
		{"a host that does not exist", "serve", environment{"BFF_ADDR": "host.invalid:0"}, exitFailure, "BFF_ADDR"},
		{"a data folder that cannot be made", "serve", environment{"DATABASE_URL": "sqlite:" + file + "/vestibule.db"}, exitFailure, "DATABASE_URL"},
		{"a database that is a folder", "serve", environment{"DATABASE_URL": "sqlite:" + dir}, exitFailure, "DATABASE_URL"},
		{"a file that is no database", "serve", environment{"DATABASE_URL": "sqlite:" + file}, exitFailure, "DATABASE_URL"},
		{"an unreachable database", "serve", environment{"DATABASE_URL": "postgres://u:hunter2@" + deadAddr + "/x", "BETTER_AUTH_SECRET": goodSecret}, exitFailure, "DATABASE_URL"},
		{"an unreachable database to migrate", "migrate up", environment{"DATABASE_URL": "postgres://u:hunter2@" + deadAddr + "/x"}, exitFailure, "DATABASE_URL"},
		{"an unmigrated database", "serve", environment{"MIGRATE": "false"}, exitFailure, "DATABASE_URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := once(t, tt.command, anywhere(t).with(tt.env))
			if code != tt.code {
				t.Errorf("got code %d, want %d", code, tt.code)
			}
			oneError(t, stderr, tt.setting)
			if stdout != "" || strings.Contains(stderr, "hunter2") {
				t.Errorf("got stdout %q, stderr %q", stdout, stderr)
			}
			if tt.name == "an unmigrated database" && !strings.Contains(stderr, "vestibule migrate up") {
				t.Errorf("got %q, want the command that helps", stderr)
			}
		})
	}
}

func TestASecretThatDoesNotOpenTheSigningKeysIsRefused(t *testing.T) {
	env := anywhere(t).with(environment{"JWT_ALGORITHM": "EdDSA", "BETTER_AUTH_SECRET": goodSecret})
	i := start(t, "serve", env)
	i.stop()
	await(t, "exit", i.code)

	other := strings.ToUpper(goodSecret)
	code, _, stderr := once(t, "serve", env.with(environment{"BETTER_AUTH_SECRET": other}))
	if code != exitFailure {
		t.Errorf("got code %d, want %d", code, exitFailure)
	}
	oneError(t, stderr, "BETTER_AUTH_SECRET")

	i = start(t, "serve", env.with(environment{"BETTER_AUTH_SECRET": other, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret}))
	i.stop()
	if code := await(t, "exit", i.code); code != exitOK {
		t.Errorf("with the previous secret: got code %d, want %d", code, exitOK)
	}
}

func TestAFailedStartLeavesNoListenerBehind(t *testing.T) {
	env := anywhere(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	env["BFF_ADDR"] = free.Addr().String()
	_ = free.Close()
	if code, _, stderr := once(t, "serve", env.with(environment{"MIGRATE": "false"})); code != exitFailure {
		t.Fatalf("got code %d, want %d: %s", code, exitFailure, stderr)
	}
	again, err := net.Listen("tcp", env["BFF_ADDR"])
	if err != nil {
		t.Fatalf("got %v, want the address free again", err)
	}
	_ = again.Close()
}

func TestAStopDuringStartIsNoFailure(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := contextEnded(t)
	defer cancel()
	if code := run(ctx, []string{"serve"}, anywhere(t).get, &out, &out); code != exitOK {
		t.Errorf("got code %d, want %d: %s", code, exitOK, out.String())
	}
}
