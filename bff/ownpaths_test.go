package bff_test

import (
	"strings"
	"testing"

	"vestibule/bff/route"
	"vestibule/internal/storetest"
)

// No route of the proxy can take the path of another endpoint.
func TestNoRouteCanTakeAnEndpointsPath(t *testing.T) {
	t.Parallel()
	for _, e := range newSite(t, storetest.SQLite(t)).server.Surface().Endpoints {
		for _, path := range []string{e.Path, e.Short} {
			if strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, route.DefaultPath) && !route.IsOwn(path) {
				t.Errorf("a route can take %s; add it to the list in bff/route", path)
			}
		}
	}
}
