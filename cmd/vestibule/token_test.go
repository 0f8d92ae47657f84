package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/store"
)

// minted parses a token. out must have only the token and a line break.
func (c *console) minted(out string) jwt.MapClaims {
	c.Helper()
	raw, ended := strings.CutSuffix(out, "\n")
	parsed, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return []byte(goodSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("better-auth"), jwt.WithAudience("fastapi-backend"), jwt.WithExpirationRequired())
	if err != nil || !ended || strings.ContainsAny(raw, " \n") {
		c.Fatalf("got %q, %v; want one line with a valid token", out, err)
	}
	return parsed.Claims.(jwt.MapClaims)
}

func TestATokenIsMintedAndRecorded(t *testing.T) {
	onConsole(t, func(c *console) {
		c.env["BETTER_AUTH_SECRET"] = goodSecret
		id := c.create("ada@example.com")
		service := c.rows("client", "create", "reports")[0]["id"].(string)
		for _, tt := range []struct {
			args      []string
			sub       string
			scope     any
			lifetime  time.Duration
			eventSays string
		}{
			{[]string{"--sub", "ada@example.com"}, id, nil, 5 * time.Minute, "without scope, until "},
			{[]string{"--sub=" + id, "--scope", "tasks:read", "--expires-in=1h"}, id, "tasks:read", time.Hour, `scope "tasks:read", until `},
			{[]string{"--sub=" + service, "--scope=tasks:read,tasks:write"}, service, "tasks:read tasks:write", 5 * time.Minute, `scope "tasks:read tasks:write", until `},
			{[]string{"--sub=" + service, "--scope=tasks:write tasks:read", "--jwt-expires-in=30s"}, service, "tasks:write tasks:read", 30 * time.Second, ""},
			{[]string{"--sub=" + service, "--scope=orders:read"}, service, "orders:read", 5 * time.Minute, `scope "orders:read", until `},
			{[]string{"--sub=" + service}, service, nil, 5 * time.Minute, "without scope"},
		} {
			claims := c.minted(c.do("", 0, append([]string{"token"}, tt.args...)...))
			if claims["sub"] != tt.sub || claims["scope"] != tt.scope {
				c.Errorf("%q: got %v", tt.args, claims)
			}
			if got := time.Duration(claims["exp"].(float64)-claims["iat"].(float64)) * time.Second; got != tt.lifetime {
				c.Errorf("%q: got a lifetime of %v, want %v", tt.args, got, tt.lifetime)
			}
			e := c.rows("audit", "--event=token-minted", "--limit=1")[0]
			detail, _ := e["detail"].(string)
			member := "userId"
			if strings.HasPrefix(tt.sub, jose.ServicePrefix) {
				member = "clientId"
			}
			if e["actor"] != store.ActorOperator || e[member] != tt.sub || !strings.Contains(detail, tt.eventSays) || !strings.Contains(detail, "on the command line") {
				c.Errorf("%q: got the event %v", tt.args, e)
			}
		}
	})
}

func TestInvalidTokenRequestsOfOperatorsAreRefused(t *testing.T) {
	onConsole(t, func(c *console) {
		c.env["BETTER_AUTH_SECRET"] = goodSecret
		c.create("ada@example.com")
		c.create("bob@example.com")
		c.do("", 0, "user", "disable", "bob@example.com")
		for _, tt := range []struct {
			args string
			code int
			want string
		}{
			{"token", 2, "--sub"},
			{"token ada@example.com", 2, "unexpected argument"},
			{"token --sub=eve@example.com", 1, `there is no user "eve@example.com"`},
			{"token --sub=usr_nobody", 1, `there is no user "usr_nobody"`},
			{"token --sub=svc_nobody --scope=tasks:read", 1, `there is no client "svc_nobody"`},
			{"token --sub=usr_\x00", 1, "there is no user"},
			{"token --sub=bob@example.com", 1, "is disabled"},
			{"token --sub=svc_a --scope=tasks:all", 2, `unknown scope "tasks:all"`},
			{"token --sub=svc_a --scope=token:exchange", 2, "unknown scope"},
			{`token --sub=svc_a --scope=orders:"read"`, 2, "unknown scope"},
			{"token --sub=svc_a --expires-in=25h", 2, "is too long"},
			{"token --sub=svc_a --expires-in=0s", 2, "is too short"},
			{"token --sub=svc_a --expires-in=5", 2, "is not a duration"},
			{"token --sub=svc_a --json", 2, "unknown flag --json"},
			{"token --sub=ada@example.com --jwt-algorithm=EdDSA", 1, "no signing key for EdDSA yet"},
			{"token --sub=svc_a --better-auth-secret=short", 2, "BETTER_AUTH_SECRET"},
			{"token --sub=svc_a --database-url=sqlite:" + filepath.Join(c.TempDir(), "x.db"), 1, "DATABASE_URL"},
		} {
			if got := c.do("", tt.code, strings.Fields(tt.args)...); !strings.Contains(got, tt.want) {
				c.Errorf("%s: got %q, want %q in it", tt.args, got, tt.want)
			}
		}
		if events := c.rows("audit", "--event=token-minted"); len(events) != 0 {
			c.Errorf("got %v, want no event", events)
		}
	})
}

// TestTheAPIAcceptsAMintedToken of each algorithm while a server runs.
func TestTheAPIAcceptsAMintedToken(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"HS256", "EdDSA", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			env := testEnv(t)
			env["JWT_ALGORITHM"] = algorithm
			i := start(t, "serve", env) // this creates the secret file
			env["BASE_URL"] = "http://localhost:3000"
			_, made, _ := once(t, "client create reports", env)
			service := strings.Fields(made)[1]
			code, out, errs := once(t, "token --scope=tasks:read --sub="+service, env)
			if code != 0 {
				t.Fatalf("got code %d, %s", code, errs)
			}
			req, err := http.NewRequestWithContext(t.Context(), "GET", i.log.url("api")+"/api/usr_any/tasks", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(out))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 200 {
				t.Errorf("got status %d, want 200\n%s", res.StatusCode, i.log)
			}
			i.stop()
			if code := <-i.code; code != 0 {
				t.Errorf("got code %d", code)
			}

			env["BETTER_AUTH_SECRET"] = goodSecret
			if code, out, errs := once(t, "token --sub="+service, env); algorithm != "HS256" && (code != 1 || out != "" || !strings.Contains(errs, "BETTER_AUTH_SECRET is not the one")) {
				t.Errorf("with another secret: got %d, %q, %q", code, out, errs)
			}
			delete(env, "BETTER_AUTH_SECRET")
			if err := os.Remove(filepath.Join(filepath.Dir(strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")), "better-auth-secret")); err != nil {
				t.Fatal(err)
			}
			code, out, errs = once(t, "token --sub="+service, env)
			if code != 2 || out != "" {
				t.Errorf("without a secret: got %d, %q", code, out)
			}
			oneError(t, errs, "BETTER_AUTH_SECRET")
		})
	}
}
