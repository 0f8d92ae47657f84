package db_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/store"
	"vestibule/store/db"
)

func TestADatabaseFileMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"plain.db", "with space.db", "what?.db", "a#b.db", "100%.db", "%41.db", "a&b=c;d.db", "ünïcode 🎉.db",
		"?mode=memory", "file:x", "new/folders/x.db", "a'b\"c.db", "C:x.db", ":memory:",
	} {
		path := filepath.Join(t.TempDir(), name)
		for range 2 { // created, then found
			s, err := store.Open(t.Context(), "sqlite:"+path)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: got no database in the file of that name: %v", name, err)
		}
	}
}

func TestARelativePathIsRelativeToTheWorkingFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "sqlite:data/x.db")
	if _, err := os.Stat("data/x.db"); err != nil {
		t.Error(err)
	}
}

func modes(t *testing.T, folder string) map[string]os.FileMode {
	t.Helper()
	got := map[string]os.FileMode{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = info.Mode().Perm()
	}
	return got
}

func TestOnlyTheOwnerCanReadTheDatabase(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	s := open(t, "sqlite:"+filepath.Join(folder, "x.db"))
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	signedUp(t, s)
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: got mode %v, error %v, want 0700", info.Mode(), err)
	}
	got := modes(t, folder)
	for _, name := range []string{"x.db", "x.db-wal", "x.db-shm", "x.db.lock"} {
		if got[name] != 0o600 {
			t.Errorf("%s: got mode %o, want 600", name, got[name])
		}
	}
}

func TestAnExistingFileIsTakenFromOtherUsers(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "x.db")
	s := open(t, "sqlite:"+path)
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	open(t, "sqlite:"+path)
	for name, mode := range modes(t, folder) {
		if mode&0o007 != 0 {
			t.Errorf("%s: got mode %o, want none for others", name, mode)
		}
	}
}

func TestAnUnusableFolderIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(folder, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join(file, "x.db"), filepath.Join(file, "more", "x.db")}
	if os.Getuid() != 0 { // root can write to every file
		paths = append(paths, filepath.Join(closed, "x.db"), filepath.Join(closed, "new", "x.db"))
	} else {
		paths = append(paths, "/proc/vestibule/x.db")
	}
	for _, path := range paths {
		_, err := store.Open(t.Context(), "sqlite:"+path)
		if err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got error %v, want one line with %s", path, err, filepath.Dir(path))
		}
	}
}

func TestAFileThatIsNoDatabaseIsNamedAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letter.txt")
	text := strings.Repeat("Dear Sir or Madam, ", 100)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), "sqlite:"+path)
	if err == nil || !strings.Contains(err.Error(), path) || errors.Is(err, db.ErrUnavailable) {
		t.Errorf("got error %v, want one with %s that is no outage", err, path)
	}
	if got, err := os.ReadFile(path); string(got) != text {
		t.Errorf("the file has changed, error %v", err)
	}
	if got := modes(t, filepath.Dir(path))["letter.txt"]; got != 0o644 {
		t.Errorf("got mode %o, want 644 as before", got)
	}
}
