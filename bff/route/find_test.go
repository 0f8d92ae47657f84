package route

import (
	"fmt"
	"net/http"
	"testing"
)

func TestTheLongestPathWins(t *testing.T) {
	t.Parallel()
	table := New(Route{Path: "/api/shop/"}, Route{Path: "/api/shop/admin/"}, Route{Path: "/api/shop/admin/audit/"}, Route{Path: "/api/other/"})
	for path, want := range map[string]string{
		"/api/shop/":                "/api/shop/",
		"/api/shop/x":               "/api/shop/",
		"/api/shop/administrators":  "/api/shop/",
		"/api/shop/admin/":          "/api/shop/admin/",
		"/api/shop/admin/x/y":       "/api/shop/admin/",
		"/api/shop/admin/audit/x":   "/api/shop/admin/audit/",
		"/api/shop/x/admin/":        "/api/shop/",
		"/api/shop/caf%C3%A9/admin": "/api/shop/",
		"/api/other/admin/":         "/api/other/",
		"/api/other/%zz":            "/api/other/",

		"/api/shop":    "",
		"/api/":        "",
		"/api/shopx/":  "",
		"/api/SHOP/x":  "",
		"/api/sh%6Fp/": "",
		"":             "",
	} {
		found := table.Find(path)
		if got := pathOf(found); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// Parts and copies of a table have their own index.
func TestAPartOfATable(t *testing.T) {
	t.Parallel()
	table := New(Route{Path: "/api/a/"}, Route{Path: "/api/long/"}, Route{Path: "/api/longer/"})
	for name, part := range map[string]Table{"the end": table[1:], "a copy": {table[1], table[2]}, "by hand": {{Path: "/api/long/"}, {Path: "/api/a/"}}} {
		for path, want := range map[string]string{"/api/longer/x": "", "/api/long/x": "/api/long/", "/api/a/x": "/api/a/"} {
			if got := part.Find(path); pathOf(got) != want || got != nil && got != &part[0] && got != &part[1] {
				t.Errorf("%s: %s: got %v, want %q", name, path, got, want)
			}
		}
	}
	if got := Table(nil).Find("/api/a/"); got != nil {
		t.Errorf("got %v", got)
	}
}

func pathOf(r *Route) string {
	if r == nil {
		return ""
	}
	return r.Path
}

// A path that some servers read as a path of a longer route gets past no rule of that route.
func TestAPathThatCouldBelongToALongerRouteBelongsToNone(t *testing.T) {
	t.Parallel()
	table := New(Route{Path: "/api/shop/"}, Route{Path: "/api/shop/admin/audit/"}, Route{Path: "/api/shop/a-b/"})
	for _, path := range []string{
		"/api/shop/%61dmin/audit/x", "/api/shop/admin/%61%75dit/", "/api/shop/Admin/audit/x", "/api/shop/admin/AUDIT/x",
		"/api/shop/admin;v=1/audit/x", "/api/shop/admin/audit;x/y", "/api/shop/admin/audit", "/api/shop/admin/audit%3Bx/y",
		"/api/shop/%41dmin/audit/x", "/api/shop/;x/admin/audit/y", "/api/shop/admin/%3b/audit/y", "/api/shop/.../admin/audit/", "/api/shop/admin./audit%20/x",
		"/api/shop/a%2Db/x", "/api/shop/a%2db", "/api/shop/%2561dmin/audit/x", "/api/shop/x%25%252e",
	} {
		if got := table.Find(path); got != nil {
			t.Errorf("%s: got route %s, want none", path, got.Path)
		}
	}
	for _, path := range []string{"/api/shop/admin/x", "/api/shop/admin", "/api/shop/adm%69/audit/", "/api/shop/admin/audi", "/api/shop/admin/audits", "/api/shop/admin%/audit/", "/api/shop/;x", "/api/shop/admin/;audit/", "/api/shop/100%25", "/api/shop/100%25%20off"} {
		if got := table.Find(path); pathOf(got) != "/api/shop/" {
			t.Errorf("%s: got %v, want the shorter route", path, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := mustTable(t, `[{"path":"/api/a/","methods":["GET","POST"],"paths":["orders/*","status"]}]`)[0]
	for _, tt := range []struct {
		method, rest string
		status       int
		rule         string
	}{
		{http.MethodGet, "orders/7", 0, ""},
		{http.MethodHead, "orders/7", 0, ""},
		{http.MethodPost, "status/", 0, ""},
		{http.MethodDelete, "orders/7", 405, "methods of route /api/a/"},
		{http.MethodGet, "orders", 404, "paths of route /api/a/"},
		{http.MethodDelete, "orders/7/lines", 404, "paths of route /api/a/"},
		{http.MethodGet, "", 404, "paths of route /api/a/"},
		{http.MethodGet, "orders/50%25", 0, ""},
		{http.MethodGet, "orders/x%252F..%252Fadmin", 404, "paths of route /api/a/"}, // some read orders/x/../admin
	} {
		if rule, status := r.Refuses(tt.method, tt.rest); rule != tt.rule || status != tt.status {
			t.Errorf("%s %s: got %q %d, want %q %d", tt.method, tt.rest, rule, status, tt.rule, tt.status)
		}
	}
	everything := Default(settings())[0]
	for _, method := range Methods() {
		if rule, _ := everything.Refuses(method, "a/b"); rule != "" {
			t.Errorf("%s: got %s", method, rule)
		}
	}
}

// fifty returns a table of 50 routes, the path of whose last one is the longest.
func fifty() Table {
	var routes []Route
	for i := range 50 {
		routes = append(routes, Route{Path: fmt.Sprintf("/api/service-%02d/", i)})
	}
	return New(append(routes, Route{Path: DefaultPath})...)
}

// The search is in the way of every request.
func TestFindAllocatesNothing(t *testing.T) {
	table := fifty()
	for _, path := range []string{"/api/proxy/me/tasks", "/api/service-07/caf%C3%A9", "/api/auth/get-session", "/"} {
		if n := testing.AllocsPerRun(100, func() { table.Find(path) }); n != 0 {
			t.Errorf("%s: got %v allocations", path, n)
		}
	}
	r := mustTable(t, `[{"path":"/api/a/","methods":["GET"],"paths":["orders/*","caf\u00e9/**"]}]`)[0]
	if n := testing.AllocsPerRun(100, func() { r.Refuses(http.MethodGet, "caf%C3%A9/menu/") }); n != 0 {
		t.Errorf("the rules: got %v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	for name, table := range map[string]Table{"one": Default(Defaults{}), "fifty": fifty()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if table.Find("/api/proxy/me/tasks") == nil {
					b.Fatal("no route")
				}
			}
		})
	}
}

// A path that Find gives to no route is told from one that only looks different.
func TestAPathThatLooksLikeOneOfARoute(t *testing.T) {
	t.Parallel()
	table := New(Route{Path: "/api/shop/"}, Route{Path: "/api/shop/admin/"}, Route{Path: "/api/other/"})
	for path, want := range map[string]string{
		"/api/shop/x": "", "/api/shop/admin/x": "", "/api/none/": "", "/api/shops/": "", "/": "", "": "", "/api/%": "", "/api/%zz/": "",
		"/api/shop": "/api/shop/", "/API/Shop/x": "/api/shop/", "/api/%73hop/x": "/api/shop/", "/api/%2573hop/x": "/api/shop/", "/api/shop%2Fx": "/api/shop/",
		"/api;v=1/shop./x": "/api/shop/", "/api//other": "/api/other/",
		"/api/shop/Admin/x": "/api/shop/admin/", "/api/shop/%61dmin": "/api/shop/admin/", "/api/shop/%252561dmin": "/api/shop/admin/", "/api/SHOP/%2561dmin/": "/api/shop/admin/",
		"/api/shop/x%25%252e": "/api/shop/",
		"/api/%25252573hop/":  "/api/shop/", "/api/%2525252573hop/": "", // no chain of servers decodes it so often
	} {
		if got := pathOf(table.Lookalike(path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := Table(nil).Lookalike("/api/shop"); got != nil {
		t.Errorf("got %v", got)
	}
}
