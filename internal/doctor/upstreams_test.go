package doctor

import (
	"net/http"
	"testing"

	"vestibule/internal/settings"
)

func TestTheUpstreamsAnswer(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + migratedFile(t)
	api := serveWith(t, 0, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	with := func(upstreams ...string) settings.Environment {
		text := ""
		for i, u := range upstreams {
			text += `,{"path":"/api/` + string(rune('a'+i)) + `/","session":"none","upstream":"` + u + `"}`
		}
		return env(database, settings.Environment{"ROUTES": "[" + text[1:] + "]"})
	}
	// No route leads to BACKEND_URL, so nobody needs to answer there.
	for _, by := range []settings.Side{settings.ForBFF, settings.ForServe} {
		found := examine(t, by, with(api+"/a/", api+"/b/"))
		wantOne(t, found, "upstreams", OK, "", "an answer of 1 upstream")
		if len(of(found, "backend")) != 0 {
			t.Errorf("got %+v, want no check of BACKEND_URL", of(found, "backend"))
		}
	}
	found := examine(t, settings.ForBFF, with(api, "http://127.0.0.1:1/x/"))
	wantOne(t, found, "upstreams", Failure, "ROUTES", "http://127.0.0.1:1", "connection refused")

	also := env(database, settings.Environment{"BACKEND_URL": "http://127.0.0.1:1", "ROUTES": `[{"path":"/api/a/"}]`})
	found = examine(t, settings.ForBFF, also)
	wantOne(t, found, "backend", Failure, "BACKEND_URL", "connection refused")
	if len(of(found, "upstreams")) != 0 {
		t.Errorf("got %+v, want no check of upstreams", of(found, "upstreams"))
	}
}

func TestAMistakeInARouteIsNamed(t *testing.T) {
	t.Parallel()
	found := examine(t, settings.ForBFF, env("sqlite:"+migratedFile(t), settings.Environment{"ROUTES": `[{"path":"/x/"}]`}))
	wantOne(t, found, "settings", Failure, "ROUTES[0].path", "is not below /api/")
}
