package bff_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/bff"
	"vestibule/bff/route"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// reload replaces the routes of the site.
func (s *site) reload(routes ...route.Route) bff.RouteChanges {
	s.t.Helper()
	apply, err := s.server.PrepareRoutes(route.New(routes...))
	if err != nil {
		s.t.Fatal(err)
	}
	return apply()
}

// audienceAPI answers with its name and the audience of the token.
func audienceAPI(t *testing.T, name string) *url.URL {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := jwt.MapClaims{} // the test knows who signs
		_, _, _ = jwt.NewParser().ParseUnverified(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), claims)
		fmt.Fprintf(w, "%s got %v for %s", name, claims["aud"], r.URL.Path)
	}))
	t.Cleanup(api.Close)
	u, err := url.Parse(api.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestARequestGoesByOneTable: while the routes are replaced again and again, each request reaches
// an API with the token for it, by the one table or the other, and none fails. The tables swap
// the APIs, and the route that takes the longer path.
func TestARequestGoesByOneTable(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	s.server.DelayNothing()
	one, two := audienceAPI(t, "one"), audienceAPI(t, "two")
	tables := [2][]route.Route{
		{{Path: "/api/proxy/", Upstream: one, Audience: "one"}, {Path: "/api/proxy/shop/", Upstream: two, Audience: "two", Scope: "a"}},
		{{Path: "/api/proxy/", Upstream: two, Audience: "two"}},
	}
	s.reload(tables[0]...)
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	right := []string{"one got one for /x", "two got two for /x", "two got two for /shop/x"}
	var ended atomic.Bool
	var asking sync.WaitGroup
	var seen [3]atomic.Int64
	for _, path := range []string{"/api/proxy/x", "/api/proxy/shop/x"} {
		for range 2 {
			asking.Go(func() {
				for !ended.Load() {
					a := v.do("GET", path, "")
					i := slices.Index(right, a.body)
					if a.status != 200 || i < 0 {
						t.Errorf("%s: got %d %s", path, a.status, a.body)
						return
					}
					seen[i].Add(1)
					if a := v.ask(auth, "GET", path, nil); a.status != 204 {
						t.Errorf("forward auth, %s: got %d", path, a.status)
						return
					}
				}
			})
		}
	}
	for i := 0; i < 100 || seen[0].Load() == 0 || seen[1].Load() == 0 || seen[2].Load() == 0; i++ {
		if t.Failed() {
			break
		}
		s.reload(tables[i%2]...)
	}
	ended.Store(true)
	asking.Wait()
}

func TestAReloadSaysWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := newIdleSite(t, storetest.SQLite(t))
	api := audienceAPI(t, "one")
	keep := route.Route{Path: "/api/proxy/keep/", Upstream: api, Audience: "one", Claims: []string{"email"}}
	s.reload(keep, route.Route{Path: "/api/proxy/gone/", Upstream: api, Audience: "one"}, route.Route{Path: "/api/proxy/other/", Upstream: api, Audience: "one"})
	got := s.reload(keep, route.Route{Path: "/api/proxy/keep/longer/", Upstream: api, Audience: "one"}, route.Route{Path: "/api/proxy/other/", Upstream: api, Audience: "two"})
	if want := "{[/api/proxy/keep/longer/] [/api/proxy/gone/] [/api/proxy/other/]}"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	v := s.visitor()
	v.signUp("ada@example.com")
	v.want(v.do("GET", "/api/proxy/other/x", ""), 200, "got two")
	v.want(v.do("GET", "/api/proxy/gone/x", ""), 404, "NOT_FOUND")
	if _, err := s.server.PrepareRoutes(route.New(route.Route{Path: "/api/proxy/bad/", Upstream: api, Claims: []string{"phone"}})); err == nil {
		t.Error("got routes with an unknown claim")
	}
	v.want(v.do("GET", "/api/proxy/other/x", ""), 200, "got two")
}

// endOf gets a value when the body of res has ended.
func endOf(res *http.Response) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, res.Body)
		ended <- err
	}()
	return ended
}

// TestStreamsOfATightenedRouteEnd: a stream would otherwise go on for days against the new rules.
// A longer route may take over the path of a stream, too.
func TestStreamsOfATightenedRouteEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), eventsAPI(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	plain := route.Route{Path: "/api/proxy/", Audience: "fastapi-backend"}
	longer := route.Route{Path: "/api/proxy/me/", Audience: "fastapi-backend"}
	changed := func(change func(*route.Route)) route.Route {
		r := plain
		change(&r)
		return r
	}
	pattern, _ := route.ParsePattern("me/**")
	for name, next := range map[string][]route.Route{
		"session":       {changed(func(r *route.Route) { r.Session = route.Optional })},
		"methods":       {changed(func(r *route.Route) { r.Methods = []string{"GET", "HEAD"} })},
		"paths":         {changed(func(r *route.Route) { r.Paths = []route.Pattern{pattern} })},
		"websocket":     {changed(func(r *route.Route) { r.WebSocket = true })},
		"longer route":  {plain, longer},
		"removed route": {longer},
	} {
		s.reload(plain)
		res, _ := v.asks("GET")
		s.reload(changed(func(r *route.Route) { r.Audience, r.BodyLimit = "other", 7 })) // the stream goes on
		s.reload(plain)
		ended := endOf(res)
		select {
		case <-ended:
			t.Fatalf("%s: the stream has ended before", name)
		default:
		}
		s.reload(next...)
		waittest.Receive(t, "the end of the stream: "+name, ended)
	}
}

// TestAStopEndsStreamsOfFormerTables and those that a reload brings during the stop.
func TestAStopEndsStreamsOfFormerTables(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), eventsAPI(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	plain := route.Route{Path: "/api/proxy/", Audience: "fastapi-backend"}
	s.reload(plain)
	res, _ := v.asks("GET")
	plain.BodyLimit = 7
	s.reload(plain)
	s.server.EndStreams()
	waittest.Receive(t, "the end of the stream of a former table", endOf(res))
	plain.WebSocket = true
	s.reload(plain)
	res, _ = v.asks("GET")
	waittest.Receive(t, "the end of the stream of the new table", endOf(res))
}

// TestInstancesWithDifferentTables: until the second one is reloaded too, only its routes are old.
// The session works at both, before and after.
func TestInstancesWithDifferentTables(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		first, second := newSite(t, db), newSite(t, db)
		api := audienceAPI(t, "api")
		old := route.Route{Path: "/api/proxy/", Upstream: api, Audience: "old"}
		added := route.Route{Path: "/api/proxy/new/", Upstream: api, Audience: "new"}
		first.reload(old)
		second.reload(old)
		v := first.visitor()
		v.signUp("ada@example.com")
		ask := func(at *site, path, want string) {
			t.Helper()
			v.site = at // the cookie is that of the host, whatever the port
			v.want(v.do("GET", path, ""), 200, want)
		}
		ask(second, "/api/proxy/new/x", "got old for /new/x")
		first.reload(old, added)
		ask(first, "/api/proxy/new/x", "got new for /x")
		ask(second, "/api/proxy/new/x", "got old for /new/x")
		ask(second, "/api/proxy/x", "got old for /x")
		second.reload(old, added)
		ask(second, "/api/proxy/new/x", "got new for /x")
	})
}
