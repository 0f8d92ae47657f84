package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

func TestACheckThatHangsIsLeftBehind(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	defer close(hang)
	deaf := Check{"deaf", "A", func(context.Context) []Result { <-hang; return nil }}
	slow := Check{"slow", "B", func(ctx context.Context) []Result { <-ctx.Done(); return failure("B", "says why", "wait") }}
	good := Check{"good", "C", func(context.Context) []Result { return ok("fine") }}
	idle := Check{"idle", "D", func(context.Context) []Result { return nil }}
	var found []Result
	report := func(r Result) { found = append(found, r) }
	err := errors.Join(
		run(t.Context(), []Check{deaf}, limits{10 * time.Millisecond, 0}, report),
		run(t.Context(), []Check{slow}, limits{10 * time.Millisecond, waittest.Patience}, report),
		run(t.Context(), []Check{good, idle}, usualLimits, report))
	if err != nil || len(found) != 3 {
		t.Fatalf("got %+v, %v, want three results", found, err)
	}
	wantOne(t, found, "deaf", Failure, "A", "does not answer within 10ms")
	wantOne(t, found, "slow", Failure, "B", "says why")
	wantOne(t, found, "good", OK, "", "fine")
}

func TestAnInterruptionEndsTheChecks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var ran int
	check := Check{"x", "X", func(context.Context) []Result { ran++; cancel(); return ok("fine") }}
	err := Run(ctx, []Check{check, check}, func(r Result) { t.Errorf("got %+v", r) })
	if !errors.Is(err, context.Canceled) || ran != 1 {
		t.Errorf("got %v after %d checks, want an interruption after the first", err, ran)
	}
}

func TestFilesThatOthersCanUseAreFound(t *testing.T) {
	t.Parallel()
	path := migratedFile(t)
	folder := filepath.Dir(path)
	file := func(mode os.FileMode) string {
		t.Helper()
		public, err := os.MkdirTemp("/tmp", "doctor-") // t.TempDir is private
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(public) })
		if err := os.Chmod(public, 0o755); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(public, "secret")
		if err := os.WriteFile(name, []byte(goodSecret), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	check := func(e settings.Environment) []Result {
		t.Helper()
		e["DATABASE_URL"] = "sqlite:" + path
		return of(examine(t, settings.ForServe, e), "files")
	}
	chmod := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	const variable = "BETTER_AUTH_SECRET_FILE"
	wantGood(t, check(settings.Environment{variable: file(0o600)}))
	wantOne(t, check(settings.Environment{variable: file(0o644)}), "files", Warning, variable, "which other users can read")

	hidden := file(0o644)
	chmod(filepath.Dir(hidden), 0o700)
	wantGood(t, check(settings.Environment{variable: hidden}))

	mails := filepath.Join(t.TempDir(), "mail")
	if err := os.Mkdir(mails, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(mails, 0o755) // whatever the umask is
	wantOne(t, check(settings.Environment{variable: file(0o600), "MAIL_DIR": mails}), "files", Warning, "MAIL_DIR", "mode 0755")

	chmod(path, 0o644)
	wantOne(t, check(settings.Environment{variable: file(0o600)}), "files", Warning, "DATABASE_URL", "mode 0644")
	chmod(path, 0o600)
	chmod(folder, 0o755)
	wantOne(t, check(settings.Environment{variable: file(0o600)}), "files", Warning, "DATABASE_URL", "can read (mode 0755)")
	chmod(folder, 0o777)
	wantOne(t, check(settings.Environment{variable: file(0o600)}), "files", Failure, "DATABASE_URL", "they can replace the database")
}
