package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

func TestHealthAsksARunningInstance(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	at := strings.TrimPrefix(i.log.url("admin"), "http://")
	// A container sets ADMIN_ADDR to a port on every interface.
	everywhere := at[strings.LastIndexByte(at, ':'):]
	for _, env := range []settings.Environment{{"ADMIN_ADDR": at}, {"ADMIN_ADDR": everywhere}, {"ADMIN_ADDR": "0.0.0.0" + everywhere}} {
		code, stdout, stderr := once(t, "health", env)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, "/readyz answers 200 (ok)\n") || strings.Count(stdout, "\n") != 1 {
			t.Errorf("%v: got code %d, %q, %q, want one line", env, code, stdout, stderr)
		}
	}
	if code, stdout, stderr := once(t, "health http://"+at+"/livez", nil); code != exitOK || !strings.Contains(stdout, "/livez answers 200 (ok)\n") {
		t.Errorf("got code %d, %q, %q, want the answer of /livez", code, stdout, stderr)
	}
	i.stop()
	waittest.Receive(t, "exit", i.code)
	code, stdout, stderr := once(t, "health", settings.Environment{"ADMIN_ADDR": at})
	if code != exitFailure || stdout != "" || !strings.Contains(stderr, "does not answer") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("after the stop: got code %d, %q, %q, want a failure in one line", code, stdout, stderr)
	}
}

func TestHealthFailsUnlessTheAnswerIs200(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{503, `{"status":"failing","checks":{"keys":"failing","database":"away","listeners":"ok"}}`, "answers 503 (failing, database away, keys failing)\n"},
		{503, `{"status":"stopping"}`, "answers 503 (stopping)\n"},
		{302, `{"status":"ok"}`, "answers 302 (ok)\n"}, // redirects are not followed
		{404, "<h1>nginx</h1>", "answers 404\n"},
		{500, `{"status":"a\u001b[2Jb\nc"}`, `a\x1b[2Jb\nc`}, // nothing reaches the terminal
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				t.Errorf("got a request for %s, want /readyz", r.URL)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		}))
		code, stdout, stderr := once(t, "health "+server.URL, nil)
		server.Close()
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, tt.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%d: got code %d, %q, %q, want %q", tt.status, code, stdout, stderr, tt.want)
		}
	}
}

func TestHealthRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"health localhost:9090":              "does not start with http://",
		"health http://u:hunter2@localhost/": "user name",
		"health http://a http://b":           "unexpected argument",
		"health --admin-addr=9090":           "ADMIN_ADDR",
	} {
		code, stdout, stderr := once(t, command, nil)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: got code %d, %q, %q, want %q", command, code, stdout, stderr, want)
		}
	}
}
