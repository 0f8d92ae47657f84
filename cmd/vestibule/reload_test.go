//go:build unix

package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// namedAPI answers with its name and the path, and /events with a stream that has one event until
// say gets another.
func namedAPI(t *testing.T, name string) (url string, say chan string) {
	t.Helper()
	say = make(chan string)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/events") {
			_, _ = io.WriteString(w, name+" "+r.URL.Path)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for text := name; ; {
			_, _ = io.WriteString(w, "data: "+text+"\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case text = <-say:
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(api.Close)
	return api.URL, say
}

// reloadable is a real server with a file of routes.
type reloadable struct {
	t      *testing.T
	cmd    *exec.Cmd
	log    *logBuffer
	ended  <-chan error
	routes string
	bff    string
}

func startReloadable(t *testing.T, routes string, more settings.Environment) *reloadable {
	t.Helper()
	r := &reloadable{t: t, routes: filepath.Join(t.TempDir(), "routes.json")}
	r.write(r.routes, routes)
	r.cmd, r.log, r.ended = startReal(t, with(with(testEnv(t), settings.Environment{"ROUTES_FILE": r.routes, "BACKEND_URL": "http://127.0.0.1:1"}), more))
	r.bff = r.log.url("bff")
	return r
}

func (r *reloadable) write(file, text string) {
	r.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// hangUp sends SIGHUP and waits for the n-th record with this text.
func (r *reloadable) hangUp(n int, record string) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
	waittest.Until(r.t, record, func() bool { return strings.Count(r.log.String(), record) >= n })
}

// wants asks for a path and compares the answer.
func (r *reloadable) wants(path string, status int, body string) {
	r.t.Helper()
	if code, got := request(r.t, browser(r.t), http.MethodGet, r.bff+path, ""); code != status || !strings.Contains(got, body) {
		r.t.Errorf("%s: got %d %s, want %d %s", path, code, got, status, body)
	}
}

// events opens a stream and returns its lines.
func (r *reloadable) events(path string) *bufio.Scanner {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	r.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.bff+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { res.Body.Close() })
	return bufio.NewScanner(res.Body)
}

// next returns the data of the next event; "" at the end of the stream.
func next(s *bufio.Scanner) string {
	for s.Scan() {
		if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
			return data
		}
	}
	return ""
}

func guestRoute(path, upstream, more string) string {
	return `{"path":"` + path + `","upstream":"` + upstream + `/","session":"none"` + more + `}`
}

func TestSIGHUPReloadsTheRoutes(t *testing.T) {
	t.Parallel()
	one, say := namedAPI(t, "one")
	two, _ := namedAPI(t, "two")
	r := startReloadable(t, "["+guestRoute("/api/kept/", one, "")+","+guestRoute("/api/moved/", one, "")+","+guestRoute("/api/gone/", one, "")+"]", nil)
	r.wants("/api/moved/x", 200, "one /x")
	kept, moved, gone := r.events("/api/kept/events"), r.events("/api/moved/events"), r.events("/api/gone/events")
	for _, s := range []*bufio.Scanner{kept, moved, gone} {
		if got := next(s); got != "one" {
			t.Fatalf("got the event %q, want one", got)
		}
	}

	r.write(r.routes, "["+guestRoute("/api/kept/", one, "")+","+guestRoute("/api/moved/", two, `,"timeout":"3s"`)+","+guestRoute("/api/new/", two, "")+"]")
	r.hangUp(1, `"msg":"reloaded"`)
	for _, want := range []string{`"changed":"ROUTES_FILE"`, `"routes_added":"/api/new/"`, `"routes_removed":"/api/gone/"`, `"routes_changed":"/api/moved/"`} {
		r.log.Want(t, want)
	}
	r.wants("/api/kept/x", 200, "one /x")
	r.wants("/api/moved/x", 200, "two /x")
	r.wants("/api/new/x", 200, "two /x")
	r.wants("/api/gone/x", 404, "")
	if got := next(gone); got != "" {
		t.Errorf("the stream of the removed route: got %q, want its end", got)
	}
	for range 2 { // both streams that are left, in any order
		say <- "again"
	}
	if a, b := next(kept), next(moved); a != "again" || b != "again" {
		t.Errorf("got %q from the route that stays, and %q from the one that has changed, want both streams to go on", a, b)
	}

	r.write(r.routes, "["+guestRoute("/api/kept/", one, `,"methods":["GET"]`)+","+guestRoute("/api/moved/", two, "")+`,{"path":"/api/new/","upstream":"nowhere"}]`)
	r.hangUp(1, "reload refused")
	for _, want := range []string{`"level":"ERROR","msg":"reload refused: everything stays as it was","setting":"ROUTES_FILE"`, `[2].upstream`, `"cure":"`} {
		r.log.Want(t, want)
	}
	r.wants("/api/new/x", 200, "two /x")
	r.hangUp(2, "reload refused")
	if err := os.Remove(r.routes); err != nil {
		t.Fatal(err)
	}
	r.hangUp(3, "reload refused")
	r.log.Want(t, "cannot be read (no such file or directory)")
	r.wants("/api/kept/x", 200, "one /x")

	r.write(r.routes, "["+guestRoute("/api/kept/", one, `,"methods":["GET"]`)+"]")
	r.hangUp(2, `"msg":"reloaded"`)
	if got := next(kept); got != "" {
		t.Errorf("the stream of a route with other rules: got %q, want its end", got)
	}
	r.hangUp(1, "reload: no file has changed that is reloaded")
	_, metrics := request(t, browser(t), http.MethodGet, r.log.url("admin")+"/metrics", "")
	for _, want := range []string{`vestibule_reloads_total{result="applied"} 2`, `vestibule_reloads_total{result="refused"} 3`, `vestibule_reloads_total{result="unchanged"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(metrics, `route="/api/gone/"`) || strings.Contains(metrics, `route="/api/new/"`) {
		t.Error("the metrics still have the routes that are gone")
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := exitCode(t, waittest.Receive(t, "exit", r.ended)); got != exitOK {
		t.Errorf("got code %d, want %d", got, exitOK)
	}
}
