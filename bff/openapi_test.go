package bff_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/openapitest"
	"vestibule/internal/storetest"
)

// contract is the document that every answer of this package's tests is held to.
var contract = openapitest.MustLoad(bff.OpenAPI)

func TestMain(m *testing.M) {
	os.Exit(openapitest.Main(m, contract, map[string]string{
		"500": "a fault of ours",
		"408": "takes 30 seconds; internal/web has the test",
		"502": "bff/proxy has the test",
		"504": "bff/proxy has the test",
	}))
}

func TestRoutesAndDocumentAreTheSame(t *testing.T) {
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.ExposeToken = true })
	// What the router leaves to the proxy, which has tests of its own for it.
	left := map[string][]string{"* /api/proxy/": {
		"DELETE /api/proxy/{path}", "GET /api/proxy/{path}", "HEAD /api/proxy/{path}",
		"PATCH /api/proxy/{path}", "POST /api/proxy/{path}", "PUT /api/proxy/{path}",
	}}
	var routes []string
	for _, route := range openapitest.RoutesOf(t, s.server.Routes()) {
		if several, ok := left[route]; ok {
			routes = append(routes, several...)
		} else {
			routes = append(routes, route)
		}
	}
	slices.Sort(routes)
	if diff := cmp.Diff(contract.Routes(), routes); diff != "" {
		t.Errorf("openapi.json and routes.go differ (-document +routes):\n%s", diff)
	}
}
