package main

import (
	"strings"
	"sync"
	"testing"

	"vestibule/internal/pgtest"
	"vestibule/internal/settings"
)

func TestMigrateUpDownStatus(t *testing.T) {
	t.Parallel()
	env := settings.Environment{"DATABASE_URL": emptyEnv(t)["DATABASE_URL"]}
	step := func(command string) []string {
		t.Helper()
		code, stdout, stderr := once(t, command, env)
		if code != exitOK || stderr != "" {
			t.Fatalf("%s: got code %d, stderr %q", command, code, stderr)
		}
		return strings.Split(strings.TrimSpace(stdout), "\n")
	}
	count := func(lines []string, word string) int {
		return strings.Count(strings.Join(lines, "\n"), word)
	}

	status := step("migrate status")
	all := count(status, ".sql")
	if all == 0 || count(status, "  pending  ") != all || !strings.Contains(status[len(status)-1], "vestibule migrate up") {
		t.Errorf("new database: got\n%s\nwant every migration pending, and the command that applies them", strings.Join(status, "\n"))
	}
	if up := step("migrate up"); count(up, "applied ") != all {
		t.Errorf("up: got %q, want %d applied", up, all)
	}
	if up := step("migrate up"); count(up, ".sql") != 0 {
		t.Errorf("up again: got %q, want nothing done", up)
	}
	if status = step("migrate status"); count(status, "pending") != 0 || count(status, "UTC") != all {
		t.Errorf("after up: got %q, want every migration applied", status)
	}
	if down := step("migrate down"); len(down) != 1 || !strings.HasPrefix(down[0], "undone ") {
		t.Errorf("down: got %q, want one migration undone", down)
	}
	if status = step("migrate status"); count(status, "UTC") != all-1 {
		t.Errorf("after down: got %q, want %d applied", status, all-1)
	}
	for range all - 1 {
		step("migrate down")
	}
	if code, _, stderr := once(t, "migrate down", env); code != exitFailure || strings.Count(stderr, "\n") != 1 {
		t.Errorf("down of an empty database: got code %d, %q, want one line and code %d", code, stderr, exitFailure)
	}
}

// TestTwoMigrationsAtOnceReportTheirOwnWork: each line is printed once.
func TestTwoMigrationsAtOnceReportTheirOwnWork(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"SQLite": emptyEnv(t)["DATABASE_URL"], "PostgreSQL": pgtest.Database(t)} {
		env := settings.Environment{"DATABASE_URL": url}
		both := func(command string) string {
			var outputs [2]string
			var wg sync.WaitGroup
			for i := range outputs {
				wg.Go(func() {
					var code int
					var stderr string
					if code, outputs[i], stderr = once(t, command, env); code != exitOK {
						t.Errorf("%s: %s: got code %d, %s", name, command, code, stderr)
					}
				})
			}
			wg.Wait()
			return outputs[0] + outputs[1]
		}
		up, down := both("migrate up"), both("migrate down")
		if n := strings.Count(up, "00027_task_orders.sql"); n != 1 {
			t.Errorf("%s: up: got %q, want each migration once", name, up)
		}
		if strings.Count(down, "undone") != 2 || strings.Count(down, "00027_task_orders.sql") != 1 {
			t.Errorf("%s: down: got %q, want two migrations, each once", name, down)
		}
	}
}

func TestAnInterruptedMigrationFails(t *testing.T) {
	t.Parallel()
	ctx, cancel := cancelledContext(t)
	defer cancel()
	var out strings.Builder
	code := run(ctx, []string{"migrate", "up"}, emptyEnv(t), strings.NewReader(""), &out, &out)
	if code != exitFailure || !strings.HasPrefix(out.String(), "vestibule: interrupted") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got code %d, %q, want one line and code %d", code, out.String(), exitFailure)
	}
}
