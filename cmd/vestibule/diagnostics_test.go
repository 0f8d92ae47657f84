package main

import (
	"net/http"
	"strings"
	"testing"
)

// askAdmin sends a request to the admin address.
func askAdmin(t *testing.T, i *instance, method, path, body string) (int, string) {
	t.Helper()
	return request(t, http.DefaultClient, method, i.log.url("admin")+path, body)
}

func TestTheLogLevelChangesWhileTheProgramRuns(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	requests := func() int {
		before := strings.Count(i.log.String(), `"msg":"request"`)
		askAdmin(t, i, "GET", "/livez", "")
		return strings.Count(i.log.String(), `"msg":"request"`) - before
	}
	if code, body := askAdmin(t, i, "GET", "/log-level", ""); code != 200 || body != `{"level":"info"}` {
		t.Errorf("got %d %s", code, body)
	}
	if code, body := askAdmin(t, i, "PUT", "/log-level", "error\n"); code != 200 || body != `{"level":"error"}` {
		t.Errorf("got %d %s", code, body)
	}
	if !strings.Contains(i.log.String(), `"before":"info","level":"error"`) {
		t.Error("the log does not say that its level has changed")
	}
	if n := requests(); n != 0 {
		t.Errorf("at error: got %d records of a request", n)
	}
	for body, want := range map[string]int{"": 422, "loud": 422, "INFO": 422, "info+1": 422, strings.Repeat("d", 100): 422} {
		if code, text := askAdmin(t, i, "PUT", "/log-level", body); code != want || !strings.Contains(text, "debug, info, warn or error") {
			t.Errorf("%q: got %d %s, want %d", body, code, text, want)
		}
	}
	for _, header := range [][2]string{{"Origin", "https://evil.example"}, {"Origin", i.log.url("admin")}, {"Sec-Fetch-Site", "same-origin"}} {
		r, err := http.NewRequest("PUT", i.log.url("admin")+"/log-level", strings.NewReader("debug"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header[0], header[1])
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 403 {
			t.Errorf("%q: got %s, want 403", header, res.Status)
		}
	}
	if code, body := askAdmin(t, i, "GET", "/log-level", ""); code != 200 || body != `{"level":"error"}` {
		t.Errorf("after the refusals: got %d %s", code, body)
	}
	askAdmin(t, i, "PUT", "/log-level", "debug")
	if n := requests(); n != 1 {
		t.Errorf("at debug: got %d records of a request, want 1", n)
	}
}

func TestProfilesAreServedOnlyIfAsked(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	with := start(t, "serve --pprof --database-url=sqlite:"+t.TempDir()+"/x.db", env)
	without := start(t, "serve", env)
	for path, want := range map[string]int{"/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/profile?seconds=1": 200,
		"/debug/pprof/cmdline": 404, "/debug/pprof/none": 404, "/debug/": 404} {
		if code, text := askAdmin(t, with, "GET", path, ""); code != want {
			t.Errorf("%s: got %d %.200s, want %d", path, code, text, want)
		}
		if code, _ := askAdmin(t, without, "GET", path, ""); code != 404 {
			t.Errorf("without --pprof, %s: got %d, want 404", path, code)
		}
	}
}
