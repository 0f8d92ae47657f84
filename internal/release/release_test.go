package main

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// at is a time in a zone: archives must not depend on the zone.
var at = time.Date(2026, 3, 1, 10, 0, 0, 0, time.FixedZone("", 7200))

func TestAnArchiveForWindowsHasOneTimeAndTheModes(t *testing.T) {
	t.Parallel()
	files := []file{{"vestibule.exe", 0o755, []byte("program")}, {"docs/a.md", 0o644, nil}}
	var first, second bytes.Buffer
	if err := writeZip(&first, "v", at, files); err != nil {
		t.Fatal(err)
	}
	if err := writeZip(&second, "v", at.UTC(), files); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the archive depends on the zone of the time")
	}
	r, err := zip.NewReader(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		got := r.File[i]
		if got.Name != "v/"+f.name || got.Mode() != f.mode || !got.Modified.Equal(at) {
			t.Errorf("got %s, %v, %v, want %s, %v, %v", got.Name, got.Mode(), got.Modified, "v/"+f.name, f.mode, at)
		}
	}
}

func TestSumsAreThoseOfAllFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"b", "a", sumsName} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), fs.FileMode(0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeSums(dir); err != nil {
		t.Fatal(err)
	}
	const want = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b\n"
	if got, err := os.ReadFile(filepath.Join(dir, sumsName)); err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// A worktree of git is not stamped, for example. Nobody could tell what such a program is.
func TestAProgramWithoutItsCommitIsRefused(t *testing.T) {
	t.Parallel()
	good := map[string]string{"vcs.revision": "abc", "vcs.modified": "false", "vcs.time": "2026-03-01T10:00:00Z"}
	for _, tt := range []struct{ version, key, value, want string }{
		{"v1.2.3", "", "", ""},
		{"(devel)", "", "", "has not stamped"},
		{"", "", "", "has not stamped"},
		{"v1.2.3", "vcs.revision", "", "has not stamped"},
		{"v1.2.3+dirty", "vcs.modified", "true", "uncommitted"},
		{"v1.2.3", "vcs.modified", "", "uncommitted"},
		{"v1.2.3", "vcs.time", "yesterday", "cannot parse"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: tt.version}}
		for key, value := range good {
			if key == tt.key {
				value = tt.value
			}
			info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
		}
		s, err := stampOf(info)
		if tt.want == "" && (err != nil || s.version != "v1.2.3" || !s.time.Equal(at.Add(2*time.Hour))) {
			t.Errorf("got %+v, %v, want the stamp", s, err)
		}
		if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: got %v, want %q", tt, err, tt.want)
		}
	}
}

func TestAPatternWithoutFilesIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("vestibule", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := contents("vestibule", stamp{}); err == nil || !strings.Contains(err.Error(), "there is no README.md") {
		t.Errorf("got %v, want a refusal", err)
	}
}
