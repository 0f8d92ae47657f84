package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"vestibule/internal/childtest"
	"vestibule/internal/freeport"
)

// nginxConf is tuned as the other contestants: connections to what is behind stay open,
// bodies are not written to files, and there is no log. The arguments: the user directive, the upstreams, the address, and the
// locations.
const nginxConf = `daemon off;
%s
worker_processes auto;
pid nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
	access_log off;
	sendfile on;
	tcp_nodelay on;
	keepalive_requests 100000000;
	client_max_body_size 10m;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	proxy_http_version 1.1;
	proxy_request_buffering off;
	proxy_max_temp_file_size 0;
	%s
	server {
		listen %s backlog=1024;
		location = /.ready { return 200; }
		%s
	}
}
`

// keepOpen must be repeated in each location, because a location with headers of its own
// inherits none. Without it nginx closes the connection to the upstream after each request.
const keepOpen = `proxy_set_header Connection "";`

// upstream is a server behind nginx. Each worker keeps up to 256 connections to it.
func upstream(name, addr string) string {
	return fmt.Sprintf("upstream %s { server %s; keepalive 256; keepalive_requests 100000000; }\n", name, addr)
}

// nginx starts a master and its workers, and returns the master and the address.
func (g *ground) nginx(ctx context.Context, upstreams, locations string) (*process, string, error) {
	program, err := childtest.Find("nginx", "nginx", "/usr/sbin/nginx") // Debian's, not in everyone's PATH
	if err != nil {
		return nil, "", err
	}
	dir, err := g.folder("nginx")
	if err != nil {
		return nil, "", err
	}
	addr, err := freeport.Addr()
	if err != nil {
		return nil, "", err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;" // else the workers could not enter the folder
	}
	conf := fmt.Sprintf(nginxConf, user, upstreams, addr, locations)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		return nil, "", err
	}
	p, err := g.launch(ctx, "http://"+addr+"/.ready", launching{dir: dir, path: program, args: []string{"-p", dir + "/", "-c", "nginx.conf", "-e", "stderr"}})
	return p, addr, err
}

// nginxPlain is nginx as a proxy with a fixed token: what the bare proxy does, in C.
func nginxPlain() way {
	return way{name: "nginx, plain proxy", start: func(ctx context.Context, g *ground) (*endpoint, error) {
		api, apiAddr, err := g.checkAPI(ctx)
		if err != nil {
			return nil, err
		}
		token, err := bearerOf("usr_bench")
		if err != nil {
			return nil, err
		}
		p, addr, err := g.nginx(ctx, upstream("api", apiAddr), `location / { `+keepOpen+` proxy_set_header Authorization "Bearer `+token+`"; proxy_pass http://api; }`)
		if err != nil {
			return nil, err
		}
		return item("http://"+addr+"/api/item", nil, []int{p.pid()}, []int{api.pid()}), nil
	}}
}

// nginxAuthRequest is nginx with the session check that its manual suggests: a subrequest
// to a service that looks the session up.
func nginxAuthRequest(engineName string) way {
	return way{name: "nginx `auth_request` + session look-up, " + engineName, start: func(ctx context.Context, g *ground) (*endpoint, error) {
		api, apiAddr, err := g.checkAPI(ctx)
		if err != nil {
			return nil, err
		}
		token, err := bearerOf("usr_bench")
		if err != nil {
			return nil, err
		}
		db, err := g.engineOf(engineName)
		if err != nil {
			return nil, err
		}
		if db.url == "" {
			dir, err := g.folder("lookup")
			if err != nil {
				return nil, err
			}
			db.url = "sqlite:" + filepath.Join(dir, "lookup.db")
		}
		const cookie = "kR1cBf7wYt5nS0aQmX3uZ9vLhJ6eGd2p"
		service, serviceAddr, err := g.subcommand(ctx, "/", "lookup", "-database", db.url, "-cookie", cookie, "-token", token)
		if err != nil {
			return nil, err
		}
		p, addr, err := g.nginx(ctx, upstream("api", apiAddr)+upstream("lookup", serviceAddr), `
		location / {
			auth_request /.session;
			auth_request_set $bearer $upstream_http_authorization;
			proxy_set_header Authorization $bearer;
			proxy_set_header Cookie "";
			`+keepOpen+`
			proxy_pass http://api;
		}
		location = /.session {
			internal;
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
			`+keepOpen+`
			proxy_pass http://lookup/session;
		}`)
		if err != nil {
			return nil, err
		}
		return item("http://"+addr+"/api/item", map[string]string{"Cookie": lookupCookie + "=" + cookie},
			[]int{p.pid(), service.pid()}, append(db.pids, api.pid())), nil
	}}
}

// item is the endpoint of /api/item, through a contestant.
func item(url string, header map[string]string, front, behind []int) *endpoint {
	return &endpoint{url: url, header: header, contains: `{"item":"xxx`, size: itemSize, front: front, behind: behind}
}
