package route

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// mustTable parses a valid table.
func mustTable(t testing.TB, text string) Table {
	t.Helper()
	table, faults := Parse([]byte(text), settings())
	if faults != nil {
		t.Fatalf("%s: got %+v", text, faults)
	}
	return table
}

var sameRoute = []cmp.Option{cmp.AllowUnexported(Pattern{}), cmpopts.IgnoreUnexported(Route{})}

func TestEveryMemberIsRead(t *testing.T) {
	t.Parallel()
	table := mustTable(t, `[{
		"path": "/api/billing/", "upstream": "https://Billing.internal:8443/v2", "keep_path": true, "allow_http": false,
		"session": "optional", "audience": "billing", "scope": "orders:write orders:read", "claims": ["name", "email"],
		"methods": ["POST", "GET"], "paths": ["orders/*", "reports/**", "/"],
		"body_limit": "1GB", "timeout": "90s", "forward_headers": ["x-tenant"], "redirects": ["Files.example.com:443", "localhost:9000"],
		"csp": "own", "websocket": true, "me": true
	}]`)
	want := Route{
		Path: "/api/billing/", Upstream: table[0].Upstream, KeepPath: true,
		Session: Optional, Audience: "billing", Scope: "orders:write orders:read", Claims: []string{"email", "name"},
		Methods:   []string{"GET", "HEAD", "POST"},
		Paths:     []Pattern{{"orders/*", []string{"orders", "*"}, false}, {"reports/**", []string{"reports"}, true}, {"/", nil, false}},
		BodyLimit: 1e9, Timeout: 90 * time.Second, ForwardHeaders: []string{"X-Tenant"}, Redirects: []string{"files.example.com", "localhost:9000"},
		OwnCSP: true, WebSocket: true, Me: true,
	}
	if diff := cmp.Diff(want, table[0], sameRoute...); diff != "" {
		t.Error(diff)
	}
	if got := table[0].Upstream.String(); got != "https://billing.internal:8443/v2/" {
		t.Errorf("got upstream %s", got)
	}
}

func TestSettingsApplyToRoutesWithoutARuleOfTheirOwn(t *testing.T) {
	t.Parallel()
	d := settings()
	d.ForwardHeaders = []string{"X-Tenant"}
	table, faults := Parse([]byte(`[{"path":"/api/a/"},{"path":"/api/longer/","body_limit":0,"timeout":"0","forward_headers":[],"claims":[],"redirects":[]}]`), d)
	if faults != nil {
		t.Fatal(faults)
	}
	want := Table{
		{Path: "/api/longer/", Audience: "tasks", ForwardHeaders: []string{}, Claims: []string{}, Redirects: []string{}},
		{Path: "/api/a/", Audience: "tasks", BodyLimit: 10 << 20, Timeout: 30 * time.Second, ForwardHeaders: []string{"X-Tenant"}},
	}
	if diff := cmp.Diff(want, table, append(sameRoute, cmpopts.EquateEmpty())...); diff != "" {
		t.Error(diff)
	}
	if table[0].Methods != nil || table[0].Paths != nil {
		t.Error("a route without methods and paths would refuse everything")
	}
	byDefault := Default(d)
	if diff := cmp.Diff(Table{{Path: "/api/proxy/", Audience: "tasks", BodyLimit: 10 << 20, Timeout: 30 * time.Second, ForwardHeaders: []string{"X-Tenant"}, WebSocket: true}}, byDefault, sameRoute...); diff != "" {
		t.Error(diff)
	}
}

func TestGoodUpstreams(t *testing.T) {
	t.Parallel()
	for upstream, want := range map[string]string{
		"https://a.internal":             "https://a.internal/",
		"https://a.internal/v2":          "https://a.internal/v2/",
		"http://localhost:8080/":         "http://localhost:8080/",
		"http://[::1]:8080/a/":           "http://[::1]:8080/a/",
		"https://app.example.com:8443/x": "https://app.example.com:8443/x/",
	} {
		table := mustTable(t, `[{"path":"/api/a/","audience":"a","upstream":"`+upstream+`"}]`)
		if got := table[0].Upstream.String(); got != want {
			t.Errorf("%s: got %s, want %s", upstream, got, want)
		}
	}
	mustTable(t, `[{"path":"/api/a/","audience":"a","upstream":"http://billing:8080/","allow_http":true}]`)
	mustTable(t, `[{"path":"/api/a/","upstream":"https://a.internal/","session":"none"}]`)
}

func TestBase(t *testing.T) {
	t.Parallel()
	backend := settings().Backend
	backend.Path = "/base"
	for _, tt := range []struct{ text, want string }{
		{`[{"path":"/api/a/"}]`, "http://localhost:8000/base/api/"},
		{`[{"path":"/api/a/","keep_path":true}]`, "http://localhost:8000/base/api/api/a/"},
		{`[{"path":"/api/a/","upstream":"https://a.internal/v2/","audience":"a"}]`, "https://a.internal/v2/"},
		{`[{"path":"/api/a/","upstream":"https://a.internal/v2/","audience":"a","keep_path":true}]`, "https://a.internal/v2/api/a/"},
	} {
		if got := mustTable(t, tt.text)[0].Base(backend).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestMeIsReplacedByTheUsersID(t *testing.T) {
	t.Parallel()
	r := Route{Me: true}
	for rest, want := range map[string]string{
		"me": "usr_1", "me/tasks": "usr_1/tasks", "users/me/": "users/usr_1/", "me/and/me": "usr_1/and/usr_1",
		"menu": "menu", "some/name": "some/name", "Me": "Me", "": "",
	} {
		if got := r.WithUser(rest, "usr_1"); got != want {
			t.Errorf("%s: got %s, want %s", rest, got, want)
		}
	}
	if got := new(Route).WithUser("me", "usr_1"); got != "me" {
		t.Errorf("a route without me: got %s", got)
	}
}

// The examples of docs/routes.md are valid, and its table has every member.
func TestTheDocumentationOfRoutes(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/routes.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for _, block := range strings.Split(string(content), "```json\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		mustTable(t, text)
		examples++
	}
	if examples < 3 {
		t.Errorf("got %d examples, want 3", examples)
	}
	for _, name := range Members() {
		if !strings.Contains(string(content), "\n| `"+name+"` |") {
			t.Errorf("the table lacks %s", name)
		}
	}
}
