package proxy

import (
	"net/http"
	"testing"

	"vestibule/bff/route"
	"vestibule/internal/web"
)

// TestARouteHasItsOwnPlaces: its path here, and the one at the API.
func TestARouteHasItsOwnPlaces(t *testing.T) {
	t.Parallel()
	var target string
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target)
		w.Header().Set("X-Got", r.RequestURI)
		w.WriteHeader(http.StatusSeeOther)
	}), func(c *Config) {
		c.Path, c.Upstream = "/api/proxy/billing/", mustParse(t, c.Backend.String()+"/api/v2/")
	})
	for location, want := range map[string]string{
		"/api/v2/bills/8?a=1": "/api/proxy/billing/bills/8?a=1",
		"../9":                "/api/proxy/billing/9",
		"/api/v1/bills":       "", // another part of the API
		"/api/proxy/billing/": "", // it is for the browser, not for the API
	} {
		target = location
		res, _ := r.get("/api/proxy/billing/bills/7%2C8?x=1")
		if got := res.Header.Get("Location"); got != want || want == "" && res.StatusCode != http.StatusBadGateway {
			t.Errorf("Location %s: got %d %q, want %q", location, res.StatusCode, got, want)
		}
		if got := res.Header.Get("X-Got"); want != "" && got != "/api/v2/bills/7%2C8?x=1" {
			t.Errorf("the API got %s", got)
		}
	}
	if res, body := r.get("/api/proxy/bills"); res.StatusCode != http.StatusNotFound {
		t.Errorf("outside its path: got %d %s", res.StatusCode, body)
	}
}

// TestARedirectOfOneAPILeadsToNoOther: a longer route leads to another API, which would get a
// request that this one has chosen.
func TestARedirectOfOneAPILeadsToNoOther(t *testing.T) {
	t.Parallel()
	var target string
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}), func(c *Config) {
		c.Path, c.Upstream = "/api/shop/", mustParse(t, c.Backend.String()+"/v2/")
		admin, own := mustParse(t, "http://admin.internal/"), mustParse(t, c.Backend.String()+"/v2/own/")
		c.Table = route.New(c.Route, route.Route{Path: "/api/shop/admin/", Upstream: admin}, route.Route{Path: "/api/shop/own/", Upstream: own}, route.Route{Path: "/api/shop/moved/", Upstream: own})
	})
	for location, want := range map[string]string{
		"/v2/orders/7":           "/api/shop/orders/7",
		"/v2/own/7":              "/api/shop/own/7",
		"/v2/admin/users/7?x=1":  "",
		"/v2/Admin/users/7":      "",
		"/v2/%61dmin/users/7":    "",
		"/v2/moved/7":            "",
		"../v2/admin/users/7#me": "",
	} {
		target = location
		res, body := r.get("/api/shop/orders")
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("Location %s: got %d %q, want %q", location, res.StatusCode, got, want)
		}
		if want == "" {
			r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
		}
	}
}

// TestMeStandsForTheUser replaces whole segments only, and only on a route that asks for it.
func TestMeStandsForTheUser(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	for path, want := range map[string]string{
		"me":               "session=secret",
		"me/tasks?me=me":   "session=secret/tasks?me=me",
		"users/me/":        "users/session=secret/",
		"me/%6de/a%2Cb":    "session=secret/session=secret/a%2Cb",
		"menu/some/me.txt": "menu/some/me.txt",
		"ME":               "ME",
	} {
		newRig(t, api, func(c *Config) { c.Me = true }).get("/api/proxy/" + path)
		if got := api.onlyRequest(t).RequestURI; got != "/api/"+want {
			t.Errorf("%s: the API got %s, want /api/%s", path, got, want)
		}
	}
	newRig(t, api).get("/api/proxy/me/tasks")
	if got := api.onlyRequest(t).RequestURI; got != "/api/me/tasks" {
		t.Errorf("another route: the API got %s", got)
	}
	newRig(t, api, asGuest, func(c *Config) { c.Me = true }).get("/api/proxy/me/tasks")
	if got := api.onlyRequest(t).RequestURI; got != "/api/me/tasks" {
		t.Errorf("without a user: the API got %s", got)
	}
}

// TestARedirectMayLeadToAListedHost over a connection that nobody else can read.
func TestARedirectMayLeadToAListedHost(t *testing.T) {
	t.Parallel()
	var target string
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}), func(c *Config) { c.Redirects = []string{"files.example", "127.0.0.1:9000"} })
	for location, passes := range map[string]bool{
		"https://files.example/a?X-Signature=1": true,
		"https://FILES.example/a":               true,
		"https://files.example:443/a":           true,
		"http://127.0.0.1:9000/a":               true,
		"http://files.example/a":                false,
		"https://files.example:8443/a":          false,
		"https://files.example.evil.example/":   false,
		"https://x@files.example/":              false,
		"//files.example/a":                     false,
		`https://files.example\@evil.example/`:  false,
		"https://evil.example/files.example":    false,
	} {
		target = location
		res, body := r.get("/api/proxy/x")
		switch {
		case passes && (res.StatusCode != http.StatusTemporaryRedirect || res.Header.Get("Location") != location):
			t.Errorf("%s: got %d %q", location, res.StatusCode, res.Header.Get("Location"))
		case !passes:
			r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
		}
	}
}

// TestAPagesOwnPolicy passes only where the route says so. A page without one gets ours.
func TestAPagesOwnPolicy(t *testing.T) {
	t.Parallel()
	policy := "default-src 'self'"
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/page" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none")
	})
	for _, tt := range []struct {
		own        bool
		path, want string
	}{{true, "page", policy}, {true, "other", web.APIPolicy}, {false, "page", web.APIPolicy}} {
		res, _ := newRig(t, api, func(c *Config) { c.OwnCSP = tt.own }).get("/api/proxy/" + tt.path)
		if got := res.Header["Content-Security-Policy"]; len(got) != 1 || got[0] != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
		if got := res.Header.Get("Cross-Origin-Opener-Policy"); got == "unsafe-none" {
			t.Errorf("%+v: another policy of the API passes", tt)
		}
	}
}

func TestARouteMayRefuseWebSockets(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, func(c *Config) { c.WebSocket = false })
	res, body := r.raw(handshake).answer("GET")
	r.wantError(res, body, http.StatusForbidden, "WEBSOCKET_NOT_ALLOWED")
	api.none(t)
}

// TestTheRulesOfARouteComeFirst: before the session is read.
func TestTheRulesOfARouteComeFirst(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, func(c *Config) {
		open, _ := route.ParsePattern("open/**")
		c.Paths, c.Methods = []route.Pattern{open}, []string{http.MethodGet, http.MethodHead}
	})
	res, body := r.do(r.request(t.Context(), http.MethodPost, "/api/proxy/open", nil))
	r.wantError(res, body, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	if got := res.Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("got Allow %q", got)
	}
	r.wantLog("methods of route /api/proxy/")
	res, body = r.get("/api/proxy/secret%2C")
	r.wantError(res, body, http.StatusNotFound, web.ErrNotFound.Code)
	r.wantLog("paths of route /api/proxy/")
	api.none(t)
	if n := r.authorized.Load(); n != 0 {
		t.Errorf("the session was read %d times", n)
	}
	if res, _ := r.get("/api/proxy/open"); res.StatusCode != http.StatusOK {
		t.Errorf("another path: got %d", res.StatusCode)
	}
}
