//go:build unix

package pgtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMissingProgramNamesThePackageToInstall(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	find := map[string]func() (string, error){
		"apt-get install postgresql": func() (string, error) { return binaries(filepath.Join(empty, "*")) },
		"apt-get install pgbouncer":  func() (string, error) { return bouncerProgram(filepath.Join(empty, "pgbouncer")) },
	}
	for cure, program := range find {
		found, err := program()
		if err == nil || !strings.Contains(err.Error(), cure) {
			t.Errorf("got %q, error %v, want an error with %q", found, err, cure)
		}
	}
}

func TestTheNewestPostgreSQLIsFound(t *testing.T) {
	root := t.TempDir()
	for _, version := range []string{"9.6", "15", "17", "8.4", "not-a-version"} {
		dir := filepath.Join(root, version, "bin")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "initdb"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := binaries(filepath.Join(root, "*", "bin"))
	if want := filepath.Join(root, "17", "bin"); err != nil || got != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
}
