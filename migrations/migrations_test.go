package migrations_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"vestibule/migrations"
)

func engines() map[string]fs.FS {
	return map[string]fs.FS{"sqlite": migrations.SQLite(), "postgres": migrations.Postgres()}
}

func names(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	found, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestBothEnginesHaveTheSameMigrations(t *testing.T) {
	sqlite, postgres := names(t, migrations.SQLite()), names(t, migrations.Postgres())
	if len(sqlite) == 0 {
		t.Fatal("got no migrations for SQLite")
	}
	if !slices.Equal(sqlite, postgres) {
		t.Errorf("got %v for SQLite and %v for PostgreSQL, want the same names", sqlite, postgres)
	}
}

// A database that has applied a migration never sees an edit of it. So a change is always a
// new migration.
func TestAppliedMigrationsAreNeverEdited(t *testing.T) {
	golden, err := os.ReadFile("testdata/checksums")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // path → checksum
	for line := range strings.Lines(string(golden)) {
		sum, path, _ := strings.Cut(strings.TrimSpace(line), "  ")
		want[path] = sum
	}
	for engine, fsys := range engines() {
		for _, name := range names(t, fsys) {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				t.Fatal(err)
			}
			path := engine + "/" + name
			got := fmt.Sprintf("%x", sha256.Sum256(text))
			switch sum, known := want[path]; {
			case !known:
				t.Errorf("%s is new; add this line to testdata/checksums:\n%s  %s", path, got, path)
			case got != sum:
				t.Errorf("%s has been edited (got checksum %s, want %s); undo that and write a new migration", path, got, sum)
			}
			delete(want, path)
		}
	}
	for path := range want {
		t.Errorf("%s is gone; databases have applied it", path)
	}
}

// The tests of the store show that these statements work.
func TestEveryMigrationSaysHowToUndoIt(t *testing.T) {
	for engine, fsys := range engines() {
		for _, name := range names(t, fsys) {
			if f, err := migrations.Read(fsys, name); err != nil {
				t.Error(err)
			} else if len(f.Down) == 0 {
				t.Errorf("%s/%s: got no statement after -- +goose Down", engine, name)
			}
		}
	}
}
