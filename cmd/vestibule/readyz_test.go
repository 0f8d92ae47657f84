package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// If migrate down runs while a server runs, /readyz and /healthz fail on both engines, and
// the log has the cure: a schema that the instance cannot use is its own fault.
func TestReadyzFailsAfterMigrateDown(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "x.db"),
		"postgres": pgtest.Database(t),
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			env := with(testEnv(t), settings.Environment{"DATABASE_URL": url, "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
			i := start(t, "serve", env)
			if code, _, stderr := once(t, "migrate down", settings.Environment{"DATABASE_URL": url}); code != exitOK {
				t.Fatal(stderr)
			}
			ready := i.log.url("admin") + "/readyz"
			waittest.Until(t, "unready", func() bool { return waittest.Status(ready) == http.StatusServiceUnavailable })
			if got := waittest.Status(i.log.url("admin") + "/healthz"); got != http.StatusServiceUnavailable {
				t.Errorf("got healthz %d, want 503", got)
			}
			waittest.Until(t, "logged", func() bool { return strings.Contains(i.log.String(), "run vestibule migrate up") })
			if code, _, stderr := once(t, "migrate up", settings.Environment{"DATABASE_URL": url}); code != exitOK {
				t.Fatal(stderr)
			}
			waittest.Until(t, "ready again", func() bool { return waittest.Status(ready) == http.StatusOK })
		})
	}
}

func TestAnInstanceDeletesItsRowWhenItStops(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	i := start(t, "serve", env)
	rows := func() (n int) {
		t.Helper()
		db := storetest.OpenRaw(t, env["DATABASE_URL"])
		defer db.Close()
		if err := db.QueryRow(`SELECT count(*) FROM instance`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := rows(); got != 1 {
		t.Errorf("while the instance runs: got %d rows, want 1", got)
	}
	i.stop()
	waittest.Receive(t, "exit", i.code)
	if got := rows(); got != 0 {
		t.Errorf("after the stop: got %d rows, want none", got)
	}
}
