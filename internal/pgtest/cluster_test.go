//go:build unix

package pgtest

import (
	"os"
	"path/filepath"
	"testing"

	"vestibule/internal/quicktest"
)

// serves starts a server and asks it something.
func serves(t *testing.T) {
	t.Helper()
	s, err := newServer(newDataFolder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := ping(s.url("postgres")); err != nil {
		t.Error(err)
	}
}

func TestAnArchiveOfDataIsMadeUsedAndReplaced(t *testing.T) {
	quicktest.Skip(t, "PostgreSQL")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", "")
	bin, err := binaries(debianLayout)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := archiveFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	serves(t)
	made, err := os.Stat(archive)
	if err != nil {
		t.Fatal(err)
	}
	serves(t)
	if used, err := os.Stat(archive); err != nil || !os.SameFile(made, used) {
		t.Errorf("the archive is not used but made again (error %v)", err)
	}
	if err := os.Truncate(archive, made.Size()/2); err != nil {
		t.Fatal(err)
	}
	serves(t)
	if remade, err := os.Stat(archive); err != nil || remade.Size() != made.Size() {
		t.Errorf("half an archive is not replaced (error %v)", err)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(archive), "*")); len(files) != 1 {
		t.Errorf("got the files %q, want the archive only", files)
	}
}

func TestAServerStartsWithoutACacheFolder(t *testing.T) {
	quicktest.Skip(t, "PostgreSQL")
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	serves(t)
}
