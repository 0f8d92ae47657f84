package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

func TestPostgreSQLIsMigratedOnRequestOnly(t *testing.T) {
	t.Parallel()
	db := pgtest.Database(t)
	env := with(emptyEnv(t), settings.Environment{"DATABASE_URL": db, "BETTER_AUTH_SECRET": goodSecret})

	code, _, stderr := once(t, "serve", env)
	if code != exitFailure || !strings.Contains(stderr, "vestibule migrate up") {
		t.Errorf("unmigrated: got code %d, %q, want the command that helps", code, stderr)
	}
	oneError(t, stderr, "DATABASE_URL")
	if code, stdout, stderr := once(t, "migrate up", settings.Environment{"DATABASE_URL": db}); code != exitOK || !strings.Contains(stdout, "applied ") {
		t.Fatalf("migrate up: got code %d, %q", code, stdout+stderr)
	}
	useTasks(t, start(t, "serve", env).log.url("bff"))
}

func TestMIGRATEAppliesMigrationsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	env := with(emptyEnv(t), settings.Environment{"DATABASE_URL": pgtest.Database(t), "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
	useTasks(t, start(t, "serve", env).log.url("bff"))
}

// A database that is away is away for all instances. Load balancers keep this one in
// service, so that clients get our answer and keep their cookies. Alerts use /healthz.
func TestADatabaseThatIsDownFailsHealthAndNotReadiness(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	env := with(emptyEnv(t), settings.Environment{"DATABASE_URL": server.Database(t), "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
	env["JWT_ALGORITHM"] = "EdDSA" // its keys are in the database
	i := start(t, "serve", env)
	bff, admin := i.log.url("bff"), i.log.url("admin")
	ada := browser(t)
	if code, body := request(t, ada, http.MethodPost, bff+"/api/auth/signup", account); code != http.StatusOK {
		t.Fatalf("sign-up: got %d %s", code, body)
	}

	server.Stop(t)
	failing := func() bool { return waittest.Status(admin+"/healthz") == http.StatusServiceUnavailable }
	waittest.Until(t, "unhealthy", failing)
	waittest.Until(t, "logged", func() bool { return strings.Contains(i.log.String(), `"database":"ping: `) })
	waittest.Until(t, "the heartbeat has failed", func() bool { return strings.Contains(i.log.String(), "the database cannot be used") })
	for range 20 { // also when the keys in memory are too old to be served
		code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/readyz", "")
		if code != http.StatusOK || !strings.Contains(body, `"status":"ok"`) || !strings.Contains(body, `"database":"away"`) || !strings.Contains(body, `"api":"ok"`) {
			t.Errorf("readyz: got %d %s, want 200 that says that the database is away", code, body)
		}
		time.Sleep(300 * time.Millisecond)
	}
	code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/healthz", "")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, `"status":"failing"`) || !strings.Contains(body, `"database":"failing"`) || !strings.Contains(body, `"api":"ok"`) {
		t.Errorf("healthz: got %d %s, want 503 that names the database", code, body)
	}
	if code, _ := request(t, http.DefaultClient, http.MethodGet, admin+"/livez", ""); code != http.StatusOK {
		t.Errorf("livez: got %d, want 200", code)
	}
	res, err := ada.Get(bff + "/api/proxy/me/tasks")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("proxied request: got %d with Retry-After %q and Set-Cookie %q, want 503 with the first only", res.StatusCode, res.Header.Get("Retry-After"), res.Header.Get("Set-Cookie"))
	}

	server.Start(t)
	waittest.Until(t, "healthy again", func() bool { return waittest.Status(admin+"/healthz") == http.StatusOK })
	if code, body := request(t, ada, http.MethodGet, bff+"/api/proxy/me/tasks", ""); code != http.StatusOK {
		t.Errorf("with the old cookie: got %d %s, want 200", code, body)
	}
}

func TestADatabaseThatDoesNotExistIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	before, _, _ := strings.Cut(pgtest.Database(t), "?")
	cut := strings.LastIndexByte(before, '/')
	wrong := before[:cut] + "/no_such_database?sslmode=disable"
	code, _, stderr := once(t, "migrate status", settings.Environment{"DATABASE_URL": wrong})
	if code != exitFailure {
		t.Errorf("got code %d, want %d", code, exitFailure)
	}
	oneError(t, stderr, "DATABASE_URL")
}

// serve and migrate up report the same error in one line.
func TestDatabaseErrorsNameTheCure(t *testing.T) {
	t.Parallel()
	foreign := pgtest.Database(t)
	forbidden := pgtest.Database(t)
	execOn(t, forbidden, `DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'pgtest-password'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
	forbidden = strings.Replace(forbidden, "pgtest:", "stranger:", 1)
	execOn(t, foreign, `CREATE TABLE tasks (id int); CREATE TABLE "user" (id int)`)
	for name, c := range map[string]struct {
		url   string
		texts []string
	}{
		"wrong encoding":   {pgtest.DatabaseWith(t, "ENCODING 'LATIN1' TEMPLATE template0"), []string{"server_encoding is LATIN1", "createdb --encoding=UTF8 --template=template0"}},
		"no encoding":      {pgtest.DatabaseWith(t, "ENCODING 'SQL_ASCII' TEMPLATE template0"), []string{"server_encoding is SQL_ASCII", "createdb --encoding=UTF8"}},
		"names in use":     {foreign, []string{"tasks, user", "?search_path=vestibule", "ALTER ROLE", "nothing was changed"}},
		"a parameter":      {pgtest.Database(t) + "&nonsense=1", []string{`"nonsense"`, "remove it from the URL"}},
		"no permission":    {forbidden, []string{"permission denied for schema public", "CREATE SCHEMA vestibule AUTHORIZATION", "GRANT CREATE"}},
		"a missing schema": {pgtest.Database(t) + "&schema=nowhere", []string{"CREATE SCHEMA", "search_path"}},
	} {
		for _, command := range []string{"serve", "migrate up"} {
			env := with(emptyEnv(t), settings.Environment{"DATABASE_URL": c.url})
			if command == "serve" {
				env = with(env, settings.Environment{"BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
			}
			code, _, stderr := once(t, command, env)
			if code != exitFailure {
				t.Errorf("%s, %s: got code %d, want %d", name, command, code, exitFailure)
			}
			oneError(t, stderr, "DATABASE_URL")
			for _, text := range c.texts {
				if !strings.Contains(stderr, text) {
					t.Errorf("%s, %s: got %q, want %q in it", name, command, stderr, text)
				}
			}
		}
	}
}

func TestIgnoredURLParametersAreLogged(t *testing.T) {
	t.Parallel()
	db := storetest.PostgresURL(t) + "&channel_binding=require&pgbouncer=true"
	i := start(t, "serve", with(testEnv(t), settings.Environment{"DATABASE_URL": db, "BETTER_AUTH_SECRET": goodSecret}))
	log := i.log.String()
	for _, line := range []string{`"level":"WARN","msg":"channel_binding in the database's URL is not done: `, `"level":"INFO","msg":"pgbouncer in the database's URL has no effect here"`} {
		if !strings.Contains(log, line) {
			t.Errorf("got no %s in the log:\n%s", line, log)
		}
	}
	useTasks(t, i.log.url("bff"))
}

// closedPort is an address where nothing listens.
const closedPort = "127.0.0.1:1"

func TestTheSecondHostOfAURLIsUsed(t *testing.T) {
	t.Parallel()
	db := strings.Replace(storetest.PostgresURL(t), "@", "@"+closedPort+",", 1) + "&connect_timeout=4"
	i := start(t, "serve", with(testEnv(t), settings.Environment{"DATABASE_URL": db, "BETTER_AUTH_SECRET": goodSecret}))
	useTasks(t, i.log.url("bff"))
}

// Neon, for example, tells its users to set PGCHANNELBINDING.
func TestUnsupportedLibpqVariablesAreIgnored(t *testing.T) {
	t.Parallel()
	env := with(testEnv(t), settings.Environment{"DATABASE_URL": storetest.PostgresURL(t), "BETTER_AUTH_SECRET": goodSecret})
	var ofLibpq []string
	settings.UnsetUnsupported(nil, func(name string) error { ofLibpq = append(ofLibpq, name); return nil })
	for _, name := range ofLibpq {
		env[name] = "1"
	}
	env["PGCHANNELBINDING"] = "require"
	_, log, _ := startReal(t, env)
	for _, name := range ofLibpq {
		if !strings.Contains(log.String(), `has no effect","setting":"`+name) {
			t.Errorf("%s: got no line about it in the log:\n%s", name, log.String())
		}
	}
}
