package doctor

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// goodSecret and otherSecret are valid secrets. No text may contain them.
const (
	goodSecret  = "0123456789-keep-this-to-yourself"
	otherSecret = "9876543210-keep-this-to-yourself"
)

// env returns settings for the database, and more.
func env(url string, more settings.Environment) settings.Environment {
	e := settings.Environment{"DATABASE_URL": url, "BETTER_AUTH_SECRET": goodSecret}
	maps.Copy(e, more)
	return e
}

// examine runs all checks of a command. The time limits are for a busy machine.
func examine(t *testing.T, by settings.Side, e settings.Environment) []Result {
	t.Helper()
	c, faults := settings.Examine(by, nil, e)
	return examined(t, &Installation{Settings: c, Faults: faults, By: by, hear: waittest.Patience})
}

func examined(t *testing.T, in *Installation) (found []Result) {
	t.Helper()
	checks, closeAll := Local(in)
	defer closeAll()
	if err := run(t.Context(), checks, limits{waittest.Patience, 0}, func(r Result) { found = append(found, r) }); err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		for _, secret := range []string{goodSecret, otherSecret, "pgtest-password", "hunter2"} {
			if strings.Contains(r.Text(), secret) {
				t.Errorf("got a secret in %q", r.Text())
			}
		}
		wantWhole(t, r)
	}
	return found
}

// wantWhole fails if a finding does not say what to look at and what to do.
func wantWhole(t *testing.T, r Result) {
	t.Helper()
	if r.State != OK && (r.Setting == "" || r.Problem == "" || r.Cure == "") {
		t.Errorf("got %+v, want its setting, problem and cure", r)
	}
}

// of returns what a check has found.
func of(found []Result, check string) (some []Result) {
	for _, r := range found {
		if r.Check == check {
			some = append(some, r)
		}
	}
	return some
}

// wantOne fails unless the check has found this one thing: the setting, and each text in it.
func wantOne(t *testing.T, found []Result, check string, state State, setting string, texts ...string) {
	t.Helper()
	some := of(found, check)
	if len(some) != 1 || some[0].State != state || some[0].Setting != setting {
		t.Errorf("%s: got %+v, want one %s about %q", check, some, state, setting)
		return
	}
	for _, text := range texts {
		if !strings.Contains(some[0].Text(), text) {
			t.Errorf("%s: got %q, want %q in it", check, some[0].Text(), text)
		}
	}
}

// wantGood fails unless all checks are ok.
func wantGood(t *testing.T, found []Result) {
	t.Helper()
	if len(found) == 0 {
		t.Error("nothing was checked")
	}
	for _, r := range found {
		if r.State != OK {
			t.Errorf("got %s of %s: %s", r.State, r.Check, r.Text())
		}
	}
}

// onEach runs the test with a migrated database of each engine. Nobody else can read the
// folder of the file.
func onEach(t *testing.T, test func(t *testing.T, d *storetest.Database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.Open(t, "sqlite:"+migratedFile(t)))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.Open(t, storetest.PostgresURL(t)))
	})
}

func migratedFile(t *testing.T) string {
	t.Helper()
	folder := privateFolder(t)
	path := filepath.Join(folder, "vestibule.db")
	storetest.Fill(t, path)
	return path
}

func privateFolder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}
