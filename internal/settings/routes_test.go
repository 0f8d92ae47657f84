package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/bff/route"
)

func TestAMistakeInAFileOfRoutesIsNamedWithLineAndColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes.json")
	text := "[\n  {\"path\": \"/api/a/\"},\n  {\"path\": \"/api/b/\", \"upstream\": \"http://b.internal/\", \"audience\": \"b\"},\n  {\"path\": \"/api/c/\", \"scop\": \"x\"}\n]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found := loadFaults(t, ForBFF, Environment{"ROUTES_FILE": path})
	want := []string{
		"ROUTES_FILE " + path + `:3:35 [1].upstream "http://b.internal/" is not https`,
		"ROUTES_FILE " + path + `:4:23 [2] "scop" is an unknown member; write scope`,
	}
	if len(found) != len(want) {
		t.Fatalf("got %v, want %d faults", found, len(want))
	}
	for i := range want {
		if got := found[i].Error(); !strings.HasPrefix(got, want[i]) {
			t.Errorf("got %q, want it to begin with %q", got, want[i])
		}
	}
}

func TestAMistakeInTheVariableIsNamedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		`[{"path":"/api/a/"},{"path":"/api/b"}]`: `ROUTES[1].path "/api/b" does not end in a slash; write /api/b/`,
		`[{"path":"/api/a/"`:                     "ROUTES:1:19 is not complete",
		`[{"path":"/api/a/","upstream":"https://u:hunter2@a/","audience":"a"}]`: `ROUTES[0].upstream "…@a/" has a user name`,
	} {
		found := loadFaults(t, ForServe, Environment{"ROUTES": text})
		if len(found) != 1 || !strings.HasPrefix(found[0].Error(), want) {
			t.Errorf("%s: got %v, want %q", text, found, want)
		}
	}
}

func TestASpacedPathIsQuoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my routes.json")
	if err := os.WriteFile(path, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := loadFaults(t, ForServe, Environment{"ROUTES_FILE": path}); len(found) != 1 || !strings.Contains(found[0].Error(), `my routes.json":1:1 has no routes`) {
		t.Errorf("got %v", found)
	}
}

func TestAFileOfRoutesMayBeLargerThanASecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes.json")
	for _, tt := range []struct{ length, faults int }{{maxValueFile + 1, 0}, {route.MaxText, 0}, {route.MaxText + 1, 1}} {
		text := `[{"path":"/api/a/"}` + strings.Repeat(" ", tt.length-20) + `]`
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if found := loadFaults(t, ForServe, Environment{"ROUTES_FILE": path}); len(found) != tt.faults {
			t.Errorf("%d bytes: got %v, want %d faults", tt.length, found, tt.faults)
		}
	}
	c := mustLoad(t, ForServe, Environment{"ROUTES": `[{"path":"/api/a/"}` + strings.Repeat(" ", 100_000) + `]`})
	for _, given := range c.AsGiven {
		if len(given.String()) > 2*maxLogged {
			t.Errorf("got %d bytes for the log", len(given.String()))
		}
	}
}

func TestTheSettingsOfTheProxyApplyToItsRoutes(t *testing.T) {
	env := Environment{
		"ROUTES":           `[{"path":"/api/a/"},{"path":"/api/bb/","upstream":"https://b.internal/","audience":"b","timeout":"1s"}]`,
		"PROXY_BODY_LIMIT": "0", "PROXY_TIMEOUT": "7s", "PROXY_FORWARD_HEADERS": "X-Tenant", "JWT_AUDIENCE": "tasks", "BACKEND_URL": "http://api:8000",
	}
	for _, by := range []Side{ForServe, ForBFF, ForRoutes} {
		table := mustLoad(t, by, env).BFF.Routes
		if len(table) != 2 {
			t.Fatalf("side %b: got %d routes", by, len(table))
		}
		b, a := table[0], table[1]
		if a.BodyLimit != 0 || a.Timeout != 7*time.Second || a.Audience != "tasks" || len(a.ForwardHeaders) != 1 {
			t.Errorf("side %b: got %+v", by, a)
		}
		if b.Timeout != time.Second || b.Audience != "b" || len(b.ForwardHeaders) != 1 {
			t.Errorf("side %b: got %+v", by, b)
		}
	}
	if c := mustLoad(t, ForServe, nil); c.BFF.Routes != nil {
		t.Errorf("without ROUTES: got %v", c.BFF.Routes)
	}
}

// An API in front of which a BFF runs alone may require another audience than the default.
func TestOnlyTheTaskAPIInTheProcessRequiresItsAudience(t *testing.T) {
	env := Environment{"ROUTES": `[{"path":"/api/a/","audience":"other"}]`}
	if found := loadFaults(t, ForServe, env); len(found) != 1 {
		t.Errorf("serve: got %v, want one fault", found)
	}
	if found := loadFaults(t, ForBFF, env); found != nil {
		t.Errorf("bff: got %v", found)
	}
	if found := loadFaults(t, ForServe, with(env, Environment{"BACKEND_URL": "http://localhost:9000"})); found != nil {
		t.Errorf("serve in front of another API: got %v", found)
	}
}
