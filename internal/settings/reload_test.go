package settings

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// reloadFixture are settings from files.
type reloadFixture struct {
	t   *testing.T
	dir string
	c   *Settings
}

func newReloadFixture(t *testing.T, files map[string]string) *reloadFixture {
	t.Helper()
	f := &reloadFixture{t: t, dir: t.TempDir()}
	env := Environment{}
	for name, text := range files {
		f.write(name, text)
		env[name+"_FILE"] = filepath.Join(f.dir, name)
	}
	c, err := Load(ForServe, nil, env)
	if err != nil {
		t.Fatal(err)
	}
	f.c = c
	return f
}

func (f *reloadFixture) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

const shopOnly = `[{"path":"/api/shop/","upstream":"https://shop.internal/","audience":"shop"}]`

func TestAReloadTakesUpSomeFilesOnly(t *testing.T) {
	t.Parallel()
	f := newReloadFixture(t, map[string]string{"ROUTES": shopOnly, "PROXY_TIMEOUT": "5s", "LOG_FORMAT": "json", "SMTP_URL": "smtp://localhost:25"})
	f.write("ROUTES", strings.ReplaceAll(shopOnly, "shop", "store"))
	f.write("PROXY_TIMEOUT", "7s")
	f.write("SMTP_URL", "smtp://localhost:26")
	r, err := f.c.Reload()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.Changed)
	if got := strings.Join(r.Changed, " "); got != "ROUTES_FILE SMTP_URL_FILE" || !r.Has("ROUTES") || r.Has("PROXY_TIMEOUT") {
		t.Errorf("got the changed files %q", got)
	}
	if got := strings.Join(r.Restart, " "); got != "PROXY_TIMEOUT_FILE" || r.Read != 4 {
		t.Errorf("got %d files, and these need a restart: %q", r.Read, got)
	}
	if got := r.BFF.Routes[0]; got.Path != "/api/store/" || got.Timeout != 5*time.Second || r.BFF.Mail.Server.Port != 26 {
		t.Errorf("got %+v and %+v, want the new route with the timeout of the start, and the new server", got, r.BFF.Mail.Server)
	}
	if f.c.BFF.Routes[0].Path != "/api/shop/" {
		t.Error("the settings of the start have changed")
	}
	again, err := r.Reload()
	if err != nil || len(again.Changed) != 0 || len(again.Restart) != 1 {
		t.Errorf("once more: got %+v, %v, want that only the restart is still needed", again, err)
	}
}

func TestAReloadRefusesWhatAStartRefuses(t *testing.T) {
	t.Parallel()
	files := map[string]string{"ROUTES": shopOnly, "PROXY_TIMEOUT": "5s", "BETTER_AUTH_SECRET": goodSecret, "SMTP_URL": "smtp://localhost:25"}
	for name, wrong := range map[string]string{
		"ROUTES": `[{"path":"/api/shop/","upstream":"nowhere"}]`, "PROXY_TIMEOUT": "soon", "BETTER_AUTH_SECRET": "short", "SMTP_URL": "mail",
	} {
		f := newReloadFixture(t, files)
		f.write(name, wrong)
		_, err := f.c.Reload()
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		_, atStart := Load(ForServe, nil, f.c.start.env)
		if atStart == nil || atStart.Error() != err.Error() {
			t.Errorf("%s: got %q, want what a start says: %q", name, err, atStart)
		}
	}
}

// TestAReloadCannotStartTheTaskAPI: the routes of the start left it out, so a route to it would
// lead nowhere.
func TestAReloadCannotStartTheTaskAPI(t *testing.T) {
	t.Parallel()
	f := newReloadFixture(t, map[string]string{"ROUTES": shopOnly})
	f.write("ROUTES", `[{"path":"/api/proxy/"}]`)
	if _, err := f.c.Reload(); err == nil || !strings.Contains(err.Error(), "ROUTES_FILE has a route to the task API") {
		t.Errorf("got %v", err)
	}
	f = newReloadFixture(t, map[string]string{"ROUTES": `[{"path":"/api/proxy/"}]`})
	f.write("ROUTES", shopOnly)
	r, err := f.c.Reload()
	if err != nil {
		t.Fatalf("routes that leave it: got %v", err)
	}
	f.write("ROUTES", `[{"path":"/api/proxy/"}]`)
	if _, err := r.Reload(); err != nil {
		t.Errorf("the routes of the start again, while it still runs: got %v", err)
	}
}
