package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
)

// TestStartIsRefusedInOneLine: each mistake is one line that names the setting
// and the cure.
func TestStartIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	path := binary(t, build.race)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	unmigrated := pgtest.Database(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	sqlite := "DATABASE_URL=sqlite:" + filepath.Join(dir, "ok.db")
	key := "BETTER_AUTH_SECRET=" + secret
	for _, tt := range []struct {
		name  string
		env   []string
		args  []string
		code  int
		wants []string
	}{
		{"a short secret", []string{sqlite, "BETTER_AUTH_SECRET=tooshort"}, nil, 2, []string{"BETTER_AUTH_SECRET", "32", "openssl rand -hex 32"}},
		{"a secret of one letter", []string{sqlite, "BETTER_AUTH_SECRET=" + strings.Repeat("k", 40)}, nil, 2, []string{"BETTER_AUTH_SECRET", "is one character, repeated", "openssl rand -hex 32"}},
		{"a misspelt setting", []string{sqlite, key, "TRUSTED_ORIGIN=https://app.example.com"}, nil, 2, []string{"TRUSTED_ORIGIN is not a setting", "TRUSTED_ORIGINS"}},
		{"a setting of Better Auth's", []string{sqlite, key, "BETTER_AUTH_URL=https://app.example.com"}, nil, 2, []string{"BETTER_AUTH_URL", "BASE_URL"}},
		{"a route without a path", []string{sqlite, key, "ROUTES=[{}]"}, nil, 2, []string{"ROUTES[0]", "lacks a path"}},
		{"keys that cross the network in clear", []string{sqlite, key, "JWT_ALGORITHM=EdDSA", "JWKS_URL=http://bff.internal:3000/api/auth/jwks"}, nil, 2, []string{"JWKS_URL", "https"}},
		{"no secret on a public origin", []string{sqlite, "BASE_URL=https://app.example.com"}, nil, 2, []string{"BETTER_AUTH_SECRET"}},
		{"no secret on PostgreSQL", []string{"DATABASE_URL=" + unmigrated}, nil, 2, []string{"BETTER_AUTH_SECRET"}},
		{"a wildcard origin", []string{sqlite, key, "TRUSTED_ORIGINS=*"}, nil, 2, []string{"TRUSTED_ORIGINS", "*"}},
		{"an unmigrated database", []string{"DATABASE_URL=" + unmigrated, key}, nil, 1, []string{"vestibule migrate up"}},
		{"an unreachable database", []string{"DATABASE_URL=postgres://u:hidden@" + freeAddrs(t, 1)[0] + "/x", key}, nil, 1, []string{"DATABASE_URL"}},
		{"a taken port", []string{sqlite, key, "BFF_ADDR=" + taken.Addr().String()}, nil, 1, []string{"BFF_ADDR"}},
		{"a data folder that cannot be", []string{"DATABASE_URL=sqlite:" + file + "/x/vestibule.db", key}, nil, 1, []string{"DATABASE_URL", file}},
		{"a PostgreSQL URL that cannot be", []string{"DATABASE_URL=postgres://u:hidden@localhost:99999/x", key}, nil, 2, []string{"DATABASE_URL"}},
		{"a file that is no database", []string{"DATABASE_URL=sqlite:" + text, key}, nil, 1, []string{"DATABASE_URL", "another program"}},
		{"an unknown flag", []string{sqlite, key}, []string{"--colour=red"}, 2, []string{"--colour"}},
		{"a header that may not pass", []string{sqlite, key, "PROXY_FORWARD_HEADERS=Cookie"}, nil, 2, []string{"PROXY_FORWARD_HEADERS", "Cookie"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			free := freeAddrs(t, 3)
			env := []string{"API_ADDR=" + free[0], "ADMIN_ADDR=" + free[1]}
			if !strings.Contains(strings.Join(tt.env, " "), "BFF_ADDR") {
				env = append(env, "BFF_ADDR="+free[2])
			}
			p := start(t, path, t.TempDir(), append(env, tt.env...), append([]string{"serve"}, tt.args...)...)
			code := p.wait()
			out := p.log.String()
			if code != tt.code {
				t.Errorf("got exit code %d, want %d:\n%s", code, tt.code, out)
			}
			for _, want := range tt.wants {
				if !strings.Contains(out, want) {
					t.Errorf("got %s, want %q in it", out, want)
				}
			}
			for _, leak := range []string{"hidden", "tooshort", secret, "goroutine ", ".go:"} {
				if strings.Contains(out, leak) {
					t.Errorf("got %s, want no %q in it", out, leak)
				}
			}
			if n := strings.Count(strings.TrimSpace(out), "\n"); n != 0 {
				t.Errorf("got %d lines, want one:\n%s", n+1, out)
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, binary(t, build.race), t.TempDir(), []string{
		"BASE_URL=ftp://x", "TRUSTED_ORIGINS=*,null", "SESSION_EXPIRES_IN=soon", "PROXY_BODY_LIMIT=much", "BETTER_AUTH_SECRET=short",
	}, "serve")
	code := p.wait()
	out := p.log.String()
	for _, name := range []string{"BASE_URL", "TRUSTED_ORIGINS", "SESSION_EXPIRES_IN", "PROXY_BODY_LIMIT", "BETTER_AUTH_SECRET"} {
		if !strings.Contains(out, name) {
			t.Errorf("got %s, want %s named", out, name)
		}
	}
	if code != 2 {
		t.Errorf("got exit code %d, want 2", code)
	}
}

func TestMigrateCommands(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		database := "sqlite:" + filepath.Join(t.TempDir(), "m.db")
		if postgres {
			database = pgtest.Database(t)
		}
		run := func(args ...string) string {
			t.Helper()
			p := start(t, binary(t, build.race), t.TempDir(), []string{"DATABASE_URL=" + database}, append([]string{"migrate"}, args...)...)
			if code := p.wait(); code != 0 {
				t.Fatalf("migrate %v: got exit code %d:\n%s", args, code, p.log)
			}
			return p.log.String()
		}
		if out := run("status"); !strings.Contains(out, "pending") {
			t.Errorf("got %s, want pending migrations", out)
		}
		run("up")
		if out := run("status"); strings.Contains(out, "pending") {
			t.Errorf("got %s, want nothing pending", out)
		}
		run("down")
		if out := run("status"); !strings.Contains(out, "pending") {
			t.Errorf("got %s, want one pending again", out)
		}
	}
}
