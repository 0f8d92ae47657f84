package main

import (
	"context"
	"path/filepath"
	"slices"
)

// splitWays are contestants in front of an API in another process. The first one is the
// base. The rows that need downloads come last.
func splitWays() []way {
	return []way{
		bareWay(), nginxPlain(), nginxAuthRequest("SQLite"), nginxAuthRequest("PostgreSQL"),
		bffWay("SQLite", "error"), bffWay("PostgreSQL", "error"), bffWay("SQLite", "info"), bffWay("PostgreSQL", "info"),
		oauth2Proxy(), betterAuth(),
	}
}

func bareWay() way {
	return way{name: "bare, tuned ReverseProxy", start: func(ctx context.Context, g *ground) (*endpoint, error) {
		api, apiAddr, err := g.checkAPI(ctx)
		if err != nil {
			return nil, err
		}
		p, addr, err := g.bareProxy(ctx, apiAddr, "usr_bench")
		if err != nil {
			return nil, err
		}
		return item("http://"+addr+"/api/item", nil, []int{p.pid()}, []int{api.pid()}), nil
	}}
}

// bareProxy starts the bare proxy in front of an API, with a token of the user.
func (g *ground) bareProxy(ctx context.Context, apiAddr, user string) (*process, string, error) {
	token, err := bearerOf(user)
	if err != nil {
		return nil, "", err
	}
	return g.subcommand(ctx, "/", "bare-proxy", "-backend", "http://"+apiAddr, "-token", token)
}

// bffWay is `vestibule bff` in front of the API. With the log level info each request is
// logged, into a file.
func bffWay(engineName, logLevel string) way {
	name := "Vestibule `bff`, " + engineName
	if logLevel == "info" {
		name += ", log at `info`"
	}
	return way{name: name, ours: true, start: func(ctx context.Context, g *ground) (*endpoint, error) {
		return startBFF(ctx, g, g.s.binary, engineName, logLevel)
	}}
}

// startBFF starts `vestibule bff` with further settings.
func startBFF(ctx context.Context, g *ground, binary, engineName, logLevel string, settings ...string) (*endpoint, error) {
	api, apiAddr, err := g.checkAPI(ctx)
	if err != nil {
		return nil, err
	}
	db, err := g.engineOf(engineName)
	if err != nil {
		return nil, err
	}
	t, err := g.site(binary, "bff", db)
	if err != nil {
		return nil, err
	}
	t.api, t.logLevel, t.env = apiAddr, logLevel, slices.Concat(t.env, settings)
	if logLevel == "info" {
		t.log = filepath.Join(t.dir, "log")
	}
	if err := t.start(ctx); err != nil {
		return nil, err
	}
	cookie, _, err := t.signUp(ctx)
	if err != nil {
		return nil, err
	}
	return item("http://"+t.bff+"/api/proxy/item", map[string]string{"Cookie": cookie}, t.pids(), append(db.pids, api.pid())), nil
}

// site makes a Vestibule with wide limits. close stops it, once it has been started.
func (g *ground) site(binary, shape string, db engine) (*site, error) {
	dir, err := g.folder(shape)
	if err != nil {
		return nil, err
	}
	s := g.s
	s.binary = binary
	t, err := newSite(s, dir, shape)
	if err != nil {
		return nil, err
	}
	t.env = wide
	if db.url != "" {
		t.database = db.url
	}
	g.stops = append(g.stops, t.stop)
	g.sites = append(g.sites, t)
	return t, nil
}

func (t *site) pids() (all []int) {
	for _, p := range t.processes {
		all = append(all, p.pid())
	}
	return all
}
