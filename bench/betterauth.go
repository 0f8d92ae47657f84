package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"

	"vestibule/internal/childtest"
	"vestibule/internal/freeport"
)

// betterAuthSchema is what Better Auth's own migration creates on PostgreSQL.
//
//go:embed betterauth/schema.sql
var betterAuthSchema string

// betterAuth is Better Auth on Node behind the quickstart's Next.js proxy, in its
// production build, on PostgreSQL. For each request it reads the session from the database,
// which is its default.
func betterAuth() way {
	return way{name: "Better Auth + Next.js proxy, PostgreSQL", start: func(ctx context.Context, g *ground) (*endpoint, error) {
		app, err := filepath.Abs("bench/betterauth")
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(app, ".next", "BUILD_ID")); err != nil {
			return nil, fmt.Errorf("the app in %s is not built; bench/install.sh builds it", app)
		}
		node, err := childtest.Find("node", "nodejs", "")
		if err != nil {
			return nil, err
		}
		api, apiAddr, err := g.checkAPI(ctx)
		if err != nil {
			return nil, err
		}
		db, err := g.postgres()
		if err != nil {
			return nil, err
		}
		raw, err := sqlx.ConnectContext(ctx, "postgres", db.url)
		if err != nil {
			return nil, err
		}
		_, err = raw.ExecContext(ctx, betterAuthSchema)
		_ = raw.Close()
		if err != nil {
			return nil, err
		}
		addr, err := freeport.Addr()
		if err != nil {
			return nil, err
		}
		host, port, _ := bytes.Cut([]byte(addr), []byte(":"))
		url := "http://" + addr
		p, err := g.launch(ctx, url+"/api/auth/ok", launching{
			dir: app, path: node, args: []string{"node_modules/next/dist/bin/next", "start", "-H", string(host), "-p", string(port)},
			log: filepath.Join(g.dir, "betterauth.log"),
			env: []string{
				"NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1", "BETTER_AUTH_TELEMETRY=0", "DATABASE_URL=" + db.url,
				"BETTER_AUTH_SECRET=" + secret, "BETTER_AUTH_URL=" + url, "BACKEND_URL=http://" + apiAddr,
			},
		})
		if err != nil {
			return nil, err
		}
		cookie, err := betterAuthSignUp(ctx, url)
		if err != nil {
			return nil, err
		}
		e := item(url+"/api/proxy/item", map[string]string{"Cookie": cookie}, []int{p.pid()}, append(db.pids, api.pid()))
		_, err = wrk(ctx, g.dir, e, 32, 10*time.Second) // Node compiles what has run often
		return e, err
	}}
}

func betterAuthSignUp(ctx context.Context, url string) (cookie string, err error) {
	body := []byte(`{"name":"Ada","email":"ada@example.com","password":"paper-lantern-42"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/auth/sign-up/email", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", url)
	client := http.Client{Timeout: 20 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	_ = res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "better-auth.session_token" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("sign-up answered %s without a cookie", res.Status)
}
