package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// manyRoutes is how many routes the tables have that are compared with one route.
const manyRoutes = 50

// routesWays compare the cost of a proxied request at a bff on SQLite with one route and with
// many: requests to all of them in turn, each with its own token, and requests to one that has
// all others below its path. The first row is the one with one route. All load comes from the
// same script.
func routesWays() []way {
	routes := func(format string) (paths []string) {
		for i := range manyRoutes - 1 {
			paths = append(paths, fmt.Sprintf(format, i+1))
		}
		return paths
	}
	beside := routes("/api/service-%02d/")
	return []way{
		routedWay("1 route", nil, nil),
		routedWay(fmt.Sprint(manyRoutes, " routes, requests to all of them"), beside, beside),
		routedWay(fmt.Sprint(manyRoutes, " routes, requests to the one above all others"), routes("/api/proxy/service-%02d/"), nil),
	}
}

// routedWay has the default route and others, which lead to the same API. Requests go to the
// default route, and to those of others that are in used.
func routedWay(name string, others, used []string) way {
	return way{name: name, ours: true, start: func(ctx context.Context, g *ground) (*endpoint, error) {
		type route struct {
			Path  string `json:"path"`
			Scope string `json:"scope,omitempty"` // of its tokens
		}
		table := []route{{Path: "/api/proxy/"}}
		for i, path := range others {
			table = append(table, route{path, fmt.Sprint("bench:", i)})
		}
		text, err := json.Marshal(table)
		if err != nil {
			return nil, err
		}
		e, err := startBFF(ctx, g, g.s.binary, "SQLite", "error", "ROUTES="+string(text))
		if err != nil {
			return nil, err
		}
		items := []string{"/api/proxy/item"}
		for _, path := range used {
			items = append(items, path+"item")
		}
		e.script = inTurn(items, "nil, one")
		return e, nil
	}}
}
