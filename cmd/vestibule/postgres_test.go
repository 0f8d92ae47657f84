package main

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
)

func TestPostgreSQLIsMigratedOnRequestOnly(t *testing.T) {
	db := pgtest.Database(t)
	env := anywhere(t).with(environment{"DATABASE_URL": db, "BETTER_AUTH_SECRET": goodSecret})

	code, _, stderr := once(t, "serve", env)
	if code != exitFailure || !strings.Contains(stderr, "vestibule migrate up") {
		t.Errorf("unmigrated: got code %d, %q, want the command that helps", code, stderr)
	}
	oneError(t, stderr, "DATABASE_URL")
	if code, stdout, stderr := once(t, "migrate up", environment{"DATABASE_URL": db}); code != exitOK || !strings.Contains(stdout, "applied ") {
		t.Fatalf("migrate up: got code %d, %q", code, stdout+stderr)
	}
	useTasks(t, start(t, "serve", env).log.url("bff"))
}

func TestMIGRATEBringsPostgreSQLUpToDateAtStart(t *testing.T) {
	env := anywhere(t).with(environment{"DATABASE_URL": pgtest.Database(t), "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
	useTasks(t, start(t, "serve", env).log.url("bff"))
}

func TestReadyzFailsWhileTheDatabaseIsDown(t *testing.T) {
	server := pgtest.NewServer(t)
	env := anywhere(t).with(environment{"DATABASE_URL": server.Database(t), "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
	i := start(t, "serve", env)
	admin := i.log.url("admin")

	server.Stop(t)
	code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/readyz", "")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, `"status":"failing"`) || !strings.Contains(body, `"database":"failing"`) || !strings.Contains(body, `"api":"ok"`) {
		t.Errorf("got %d %s, want 503 that names the database", code, body)
	}
	eventually(t, "logged", func() bool { return strings.Contains(i.log.String(), `"database":"ping: `) })
	if code, _ := request(t, http.DefaultClient, http.MethodGet, admin+"/livez", ""); code != http.StatusOK {
		t.Errorf("livez: got %d, want 200", code)
	}

	server.Start(t)
	eventually(t, "ready again", func() bool { return statusOf(admin+"/readyz") == http.StatusOK })
}

func TestADatabaseThatDoesNotExistIsNamedWithoutItsPassword(t *testing.T) {
	before, _, _ := strings.Cut(pgtest.Database(t), "?")
	cut := strings.LastIndexByte(before, '/')
	wrong := before[:cut] + "/no_such_database?sslmode=disable"
	code, _, stderr := once(t, "migrate status", environment{"DATABASE_URL": wrong})
	if code != exitFailure {
		t.Errorf("got code %d, want %d", code, exitFailure)
	}
	oneError(t, stderr, "DATABASE_URL")
}
