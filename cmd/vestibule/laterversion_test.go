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

// execOn runs a statement on the database of a URL.
func execOn(t *testing.T, url, statement string) {
	t.Helper()
	db := storetest.OpenRaw(t, url)
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// TestAProgramStartsBesideALaterVersion that has migrated the database compatibly, and not
// after an incompatible migration.
func TestAProgramStartsBesideALaterVersion(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]string{
		"sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "x.db"),
		"postgres": pgtest.Database(t),
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			only := settings.Environment{"DATABASE_URL": url}
			if code, _, stderr := once(t, "migrate up", only); code != exitOK {
				t.Fatal(stderr)
			}
			execOn(t, url, `INSERT INTO vestibule_migrations (version_id, is_applied, compatible_with) VALUES (901, '1', 23)`)

			code, stdout, stderr := once(t, "migrate up", only)
			if code != exitOK || !strings.HasPrefix(stdout, "nothing to do: a later version of vestibule has migrated the database to version 901, ") || stderr != "" {
				t.Errorf("up: got code %d, %q, %q", code, stdout, stderr)
			}
			code, _, stderr = once(t, "migrate down", only)
			if code != exitFailure || !strings.Contains(stderr, "version 901") {
				t.Errorf("down, without the migration's file: got code %d, %q", code, stderr)
			}
			code, stdout, stderr = once(t, "migrate status", only)
			if code != exitOK || !strings.Contains(stdout, "00901, of a later version") || stderr != "" {
				t.Errorf("status: got code %d, %q, %q", code, stdout, stderr)
			}

			env := with(testEnv(t), settings.Environment{"DATABASE_URL": url, "BETTER_AUTH_SECRET": goodSecret, "MIGRATE": "true"})
			i := start(t, "serve", env)
			if n := strings.Count(i.log.String(), "a later version of vestibule has migrated the database"); n != 1 {
				t.Errorf("got %d lines about it, want 1:\n%s", n, i.log)
			}

			execOn(t, url, `UPDATE vestibule_migrations SET compatible_with = 900 WHERE version_id = 901`)
			ready := i.log.url("admin") + "/readyz"
			waittest.Until(t, "unready", func() bool { return waittest.Status(ready) == http.StatusServiceUnavailable })
			waittest.Until(t, "logged", func() bool { return strings.Contains(i.log.String(), "run the later version") })
			code, stdout, stderr = once(t, "migrate status", only)
			if code != exitFailure || !strings.Contains(stdout, "  900\n") || !strings.Contains(stderr, "a later version has migrated") {
				t.Errorf("status: got code %d, %q, %q", code, stdout, stderr)
			}
			for _, command := range []string{"migrate up", "migrate down", "user list"} {
				code, _, stderr := once(t, command, only)
				if oneError(t, stderr, "DATABASE_URL"); code != exitFailure || !strings.Contains(stderr, "a later version has migrated") {
					t.Errorf("%s: got code %d, %q", command, code, stderr)
				}
			}
			i.stop()
			waittest.Receive(t, "exit", i.code)
			code, _, stderr = once(t, "serve", env)
			if oneError(t, stderr, "DATABASE_URL"); code != exitFailure {
				t.Errorf("serve: got code %d, %q", code, stderr)
			}
		})
	}
}

// TestMigrateUpSaysWhatItWaitsFor on the console.
func TestMigrateUpSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	only := settings.Environment{"DATABASE_URL": url}
	if code, _, stderr := once(t, "migrate up", only); code != exitOK {
		t.Fatal(stderr)
	}
	for undone := ""; !strings.Contains(undone, "00023_compatible"); { // it changes a table that a test can lock
		code, stdout, stderr := once(t, "migrate down", only)
		if undone = stdout; code != exitOK {
			t.Fatal(stderr)
		}
	}
	db := storetest.OpenRaw(t, url)
	defer db.Close()
	blocker, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Rollback() }()
	if _, err := blocker.Exec(`LOCK TABLE vestibule_migrations IN ACCESS SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	var out logBuffer
	code := make(chan int, 1)
	go func() { code <- run(t.Context(), []string{"migrate", "up"}, only, strings.NewReader(""), &out, &out) }()
	waittest.Until(t, "a message", func() bool { return strings.Contains(out.String(), "vestibule: waiting for a lock") })
	_ = blocker.Rollback()
	if code := waittest.Receive(t, "the end", code); code != exitOK || !strings.Contains(out.String(), "applied ") {
		t.Errorf("got code %d, %q", code, out.String())
	}
}
