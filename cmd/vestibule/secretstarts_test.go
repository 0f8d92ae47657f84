//go:build unix

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// otherSecret is the new secret of a change.
var otherSecret = strings.ToUpper(goodSecret)

var (
	beforeChange = settings.Environment{"BETTER_AUTH_SECRET": goodSecret}
	secondStep   = settings.Environment{"BETTER_AUTH_SECRET": otherSecret, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret}
)

var engines = map[string]func(testing.TB) string{"SQLite": storetest.SQLiteURL, "PostgreSQL": storetest.PostgresURL}

// TestOneOfTwoStartsAtOnceIsRefused: real processes, whose secrets are two steps apart.
func TestOneOfTwoStartsAtOnceIsRefused(t *testing.T) {
	t.Parallel()
	for engine, newDatabase := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			// On a SQLite file the claim keeps a second BFF from starting.
			commands := [2]string{"api", "bff"}
			if engine == "PostgreSQL" {
				commands[0] = "bff"
			}
			for range 4 {
				startBoth(t, commands, settings.Environment{"DATABASE_URL": newDatabase(t)})
			}
		})
	}
}

func startBoth(t *testing.T, commands [2]string, database settings.Environment) {
	t.Helper()
	running := 0
	var waits, stops []func()
	for i, step := range []settings.Environment{beforeChange, secondStep} {
		cmd, log, ended := launchReal(t, commands[i], with(with(testEnv(t), database), step))
		stops = append(stops, func() { _ = cmd.Process.Kill() })
		waits = append(waits, func() {
			waittest.Until(t, "ready or refused", func() bool { return len(ended) > 0 || isReady(log) })
			if len(ended) == 0 {
				running++
				return
			}
			if code := exitCode(t, <-ended); code != exitFailure {
				t.Errorf("got code %d, want %d", code, exitFailure)
			}
			oneError(t, log.String(), "BETTER_AUTH_SECRET")
		})
	}
	for _, wait := range waits {
		wait()
	}
	for _, stop := range stops {
		stop()
	}
	if running != 1 {
		t.Errorf("%d of two processes run, want 1", running)
	}
}

// TestAFailedStartLeavesNoRow: it would keep other processes from starting for a minute.
func TestAFailedStartLeavesNoRow(t *testing.T) {
	t.Parallel()
	for engine, newDatabase := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := newDatabase(t)
			env := with(testEnv(t), settings.Environment{"DATABASE_URL": url, "JWT_ALGORITHM": "EdDSA"})
			i := start(t, "bff", with(env, beforeChange))
			i.stop()
			waittest.Receive(t, "exit", i.code)
			code, _, stderr := once(t, "bff", with(env, settings.Environment{"BETTER_AUTH_SECRET": otherSecret}))
			if code != exitFailure || !strings.Contains(stderr, "encrypted the signing keys") {
				t.Fatalf("got code %d, %s", code, stderr)
			}
			db, err := store.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if rows, err := db.Instances(t.Context(), time.Now().UTC()); err != nil || len(rows) != 0 {
				t.Errorf("got rows %v, %v; want none", rows, err)
			}
		})
	}
}

// TestSecretsThatDoNotFitAreReported by /healthz and the log, while both processes run, and
// not by /readyz.
func TestSecretsThatDoNotFitAreReported(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		command  string
		database func(testing.TB) string
	}{
		"a BFF":                    {"bff", storetest.PostgresURL},
		"an API":                   {"api", storetest.PostgresURL},
		"an API on the BFF's file": {"api", storetest.SQLiteURL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := tt.database(t)
			i := start(t, tt.command, with(with(testEnv(t), settings.Environment{"DATABASE_URL": url}), beforeChange))
			admin := i.log.url("admin")
			db, err := store.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			held, err := secrets.Held([]byte(otherSecret), nil)
			if err != nil {
				t.Fatal(err)
			}
			db.HoldSecrets(held)
			if err := db.Beat(t.Context(), "ins_other", time.Now().UTC().Add(time.Hour)); err != nil { // it lives for long
				t.Fatal(err)
			}
			waittest.Until(t, "/healthz fails", func() bool { return waittest.Status(admin+"/healthz") == http.StatusServiceUnavailable })
			if _, body := request(t, http.DefaultClient, http.MethodGet, admin+"/healthz", ""); !strings.Contains(body, `"secrets":"failing"`) {
				t.Errorf("healthz: got %s, want it to name the check", body)
			}
			if code, body := request(t, http.DefaultClient, http.MethodGet, admin+"/readyz", ""); code != http.StatusOK || strings.Contains(body, "secrets") {
				t.Errorf("readyz: got %d %s, want 200", code, body)
			}
			if err := db.EndBeat(t.Context(), "ins_other", time.Now().UTC()); err != nil {
				t.Fatal(err)
			}
			waittest.Until(t, "/healthz is good again", func() bool { return waittest.Status(admin+"/healthz") == http.StatusOK })
			for _, line := range []string{"do not fit together: /healthz fails", "fit together again"} {
				if n := strings.Count(i.log.String(), line); n != 1 {
					t.Errorf("got %q %d times, want once:\n%s", line, n, i.log)
				}
			}
		})
	}
}
