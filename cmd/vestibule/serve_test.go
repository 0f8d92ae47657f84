package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/internal/waittest"
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
	return &http.Client{Jar: jar, Transport: transport, Timeout: waittest.Patience}
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

// useTasks signs up, creates a task and lists it.
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
	t.Parallel()
	for _, algorithm := range []string{"HS256", "EdDSA", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			i := start(t, "serve", with(emptyEnv(t), settings.Environment{"JWT_ALGORITHM": algorithm, "LOG_LEVEL": "debug", "BETTER_AUTH_SECRET": goodSecret}))
			useTasks(t, i.log.url("bff"))
			i.stop()
			if code := waittest.Receive(t, "exit", i.code); code != exitOK {
				t.Errorf("got code %d, want %d:\n%s", code, exitOK, i.log)
			}
			for _, secret := range []string{goodSecret, "correct horse", "Bearer ey", "sqlite:"} {
				if strings.Contains(i.log.String(), secret) {
					t.Errorf("the log holds %q", secret)
				}
			}
			if want := `"JWT_ALGORITHM":{"value":"` + algorithm + `","from":"environment"}`; !strings.Contains(i.log.String(), want) {
				t.Errorf("the log lacks %s", want)
			}
		})
	}
}

func TestTwoProcessesWorkOnOneDatabase(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"HS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			env := with(emptyEnv(t), settings.Environment{"JWT_ALGORITHM": algorithm})
			// Each side needs the address of the other one, so one address must be known
			// before its server runs.
			network := newFront(t)
			more := settings.Environment{}
			if algorithm != jose.HS256 {
				more["JWKS_URL"] = network.URL + "/api/auth/jwks"
			}
			api := launch(t, "api", with(env, more))
			waittest.Until(t, "listening", func() bool { return api.log.url("admin") != "" })
			if algorithm != jose.HS256 {
				for _, probe := range []string{"/readyz", "/healthz"} {
					if got := waittest.Status(api.log.url("admin") + probe); got != http.StatusServiceUnavailable {
						t.Errorf("an API without keys: got %s %d, want 503", probe, got)
					}
				}
			}
			bff := start(t, "bff", with(env, settings.Environment{"BACKEND_URL": api.log.url("api")}))
			network.forwardTo(t, bff.log.url("bff"))
			waittest.Until(t, "ready", func() bool { return waittest.Status(api.log.url("admin")+"/readyz") == http.StatusOK })
			useTasks(t, bff.log.url("bff"))
			for _, i := range []*instance{bff, api} {
				i.stop()
				if code := waittest.Receive(t, "exit", i.code); code != exitOK {
					t.Errorf("got code %d, want %d:\n%s", code, exitOK, i.log)
				}
			}
		})
	}
}

// front is a proxy whose address is known before its target runs.
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

// forwardTo makes f forward requests to the server at to.
func (f *front) forwardTo(t *testing.T, to string) {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	f.behind.Store(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
}

func TestServeSendsRequestsWhereBackendURLSays(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		w.WriteHeader(http.StatusNoContent)
	}))
	defer elsewhere.Close()
	i := start(t, "serve", with(testEnv(t), settings.Environment{"BACKEND_URL": elsewhere.URL + "/base"}))
	c, bff := browser(t), i.log.url("bff")
	request(t, c, http.MethodPost, bff+"/api/auth/signup", account)
	if code, body := request(t, c, http.MethodGet, bff+"/api/proxy/me/tasks", ""); code != http.StatusNoContent {
		t.Fatalf("got %d %s, want the other API's 204", code, body)
	}
	if got := <-asked; got != "/base/api/me/tasks" {
		t.Errorf("got path %s, want /base/api/me/tasks", got)
	}
}

func TestServeLeavesTheTaskAPIOutInFrontOfAnotherAPI(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(elsewhere.Close)
	for _, algorithm := range []string{"HS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			env := with(testEnv(t), settings.Environment{"BACKEND_URL": elsewhere.URL, "JWT_ALGORITHM": algorithm})
			delete(env, "API_ADDR")
			i := start(t, "serve", env)
			i.log.Want(t, "the task API does not run")
			if at := i.log.url("api"); at != "" {
				t.Errorf("the task API listens at %s", at)
			}
			c, bff := browser(t), i.log.url("bff")
			request(t, c, http.MethodPost, bff+"/api/auth/signup", account)
			if code, body := request(t, c, http.MethodGet, bff+"/api/proxy/orders", ""); code != http.StatusNoContent {
				t.Errorf("got %d %s, want the other API's 204", code, body)
			}
			// A later start with the task API finds its tables.
			if code, body := request(t, c, http.MethodPost, bff+"/api/auth/delete-user", `{"password":"correct horse battery staple"}`); code != http.StatusOK {
				t.Errorf("deletion of the account, with its tasks: got %d %s", code, body)
			}
			i.stop()
			if code := waittest.Receive(t, "exit", i.code); code != exitOK {
				t.Errorf("got code %d, want %d:\n%s", code, exitOK, i.log)
			}
			delete(env, "BACKEND_URL")
			env["API_ADDR"] = "127.0.0.1:0"
			useTasks(t, start(t, "serve", env).log.url("bff"))
		})
	}
}

func TestTheAPILogsTheClientOfTheBFF(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", with(testEnv(t), settings.Environment{"TRUSTED_PROXIES": "127.0.0.1"}))
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
	waittest.Until(t, "logged", func() bool {
		for line := range strings.Lines(i.log.String()) {
			var record struct{ Surface, IP, Path string }
			if json.Unmarshal([]byte(line), &record) == nil && record.Surface == "api" && record.IP == "192.0.2.55" {
				return true
			}
		}
		return false
	})
}
