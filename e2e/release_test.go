package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/quicktest"
)

// shell runs a script in a folder and returns its output.
func shell(t *testing.T, dir, script string) (string, error) {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=2026-03-01T10:00:00Z", "GIT_COMMITTER_DATE=2026-03-01T10:00:00Z")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustShell(t *testing.T, dir, script string) string {
	t.Helper()
	out, err := shell(t, dir, script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// tagged makes a repository whose only commit, v1.2.3, has the files of this one as they are
// in its folder, and returns two clones.
func tagged(t *testing.T) (first, second string) {
	t.Helper()
	base := t.TempDir()
	first, second = filepath.Join(base, "first"), filepath.Join(base, "a longer name", "second")
	mustShell(t, "..", `mkdir -p '`+first+`'
		git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
		tar --null --files-from=- -c | tar -x -C '`+first+`'
		cd '`+first+`'; git init -q; git add --all; git commit -q -m release; git tag v1.2.3; git clone -q . '`+second+`'`)
	return first, second
}

// TestAReleaseIsReproducible builds the archive of one platform twice, in two folders. The
// other platforms differ only in GOOS and GOARCH, and make release builds all of them.
func TestAReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "a build of the whole product, twice")
	first, second := tagged(t)
	tool := filepath.Join(t.TempDir(), "release")
	mustShell(t, "..", "go build -o "+tool+" ./internal/release")
	run := tool + " -platforms=linux/amd64 -sbom=false"
	for _, dir := range []string{first, second} {
		if out := mustShell(t, dir, run); out != "vestibule_v1.2.3_linux_amd64.tar.gz\n" {
			t.Errorf("got %q, want the name of the archive", out)
		}
		mustShell(t, filepath.Join(dir, "dist"), "sha256sum --check --strict SHA256SUMS")
	}
	archive := mustReadFile(t, filepath.Join(first, "dist/vestibule_v1.2.3_linux_amd64.tar.gz"))
	if !bytes.Equal(archive, mustReadFile(t, filepath.Join(second, "dist/vestibule_v1.2.3_linux_amd64.tar.gz"))) {
		t.Error("the archives differ")
	}
	checkArchive(t, archive, strings.TrimSpace(mustShell(t, first, "git rev-parse HEAD")))

	mustShell(t, second, "echo >>README.md")
	if out, err := shell(t, second, run); err == nil || !strings.Contains(out, "uncommitted changes:\n M README.md") {
		t.Errorf("with a change: got %v %s, want a refusal", err, out)
	}
}

// checkArchive unpacks the archive and runs the program.
func checkArchive(t *testing.T, archive []byte, commit string) {
	t.Helper()
	dir := t.TempDir()
	const folder = "vestibule_v1.2.3_linux_amd64/"
	var names []string
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name, inside := strings.CutPrefix(header.Name, folder)
		if !inside || header.Uid != 0 || header.Uname != "" || header.ModTime.UTC().Format("2006-01-02T15:04") != "2026-03-01T10:00" {
			t.Errorf("got %+v, want a file in the folder, without an owner and with the commit's time", header)
		}
		names = append(names, name)
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), data, os.FileMode(header.Mode)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"vestibule", "README.md", "CHANGELOG.md", "docs/deploy.md", "docs/monitoring/alerts.yml", "docs/monitoring/dashboard.json", "vestibule.1", "vestibule.service", "completions/vestibule.bash", "completions/_vestibule", "completions/vestibule.fish"} {
		if !slices.Contains(names, want) {
			t.Errorf("the archive lacks %s: %v", want, names)
		}
	}
	want := regexp.MustCompile(`^vestibule v1\.2\.3 \(commit ` + commit + `, go1\.[0-9.]+ linux/amd64\)\n$`)
	if got := mustShell(t, dir, "./vestibule version"); !want.MatchString(got) {
		t.Errorf("got %q, want %s", got, want)
	}
	if page := string(mustReadFile(t, filepath.Join(dir, "vestibule.1"))); !strings.Contains(page, "\n.TH VESTIBULE 1 2026-03-01 \"vestibule v1.2.3\"\n") {
		t.Errorf("got a manual without the version: %.200s", page)
	}
}

func mustReadFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
