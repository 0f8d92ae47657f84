package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/quicktest"
)

// shell runs a script in a folder and returns its output.
func shell(dir, script string) (string, error) {
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=2026-03-01T10:00:00Z", "GIT_COMMITTER_DATE=2026-03-01T10:00:00Z")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustShell(t *testing.T, dir, script string) string {
	t.Helper()
	out, err := shell(dir, script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// release is an archive of this platform, and the repository that it was built from.
type release struct {
	repository    string // its only commit, v1.2.3, has the files of this one as they are in its folder
	tool, archive string // internal/release, and what it has built
}

const build123 = " -platforms=" + runtime.GOOS + "/" + runtime.GOARCH + " -sbom=false"

// name123 is the name of the archive and, without .tar.gz, of the folder in it.
const name123 = "vestibule_v1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"

// released builds a release at most once.
var released = sync.OnceValues(func() (r release, err error) {
	base, err := os.MkdirTemp(binDir, "release")
	if err != nil {
		return r, err
	}
	r = release{repository: filepath.Join(base, "first"), tool: filepath.Join(base, "tool")}
	out, err := shell("..", `mkdir '`+r.repository+`'
		git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
		tar --null --files-from=- -c | tar -x -C '`+r.repository+`'
		go build -o '`+r.tool+`' ./internal/release
		cd '`+r.repository+`'; git init -q; git add --all; git commit -q -m release; git tag v1.2.3; `+r.tool+build123)
	if err == nil && !strings.HasSuffix(out, name123+"\n") {
		err = errors.New("want the name of the archive")
	}
	if err != nil {
		return r, fmt.Errorf("%w:\n%s", err, out)
	}
	r.archive = filepath.Join(r.repository, "dist", name123)
	return r, nil
})

func releaseOf(t *testing.T) release {
	t.Helper()
	quicktest.Skip(t, "a build of the whole product")
	r, err := released()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAReleaseIsReproducible builds the archive of one platform again, in another folder. The
// other platforms differ only in GOOS and GOARCH, and make release builds all of them.
func TestAReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	r := releaseOf(t)
	second := filepath.Join(t.TempDir(), "a longer name", "second")
	mustShell(t, r.repository, "git clone -q . '"+second+"'")
	run := r.tool + build123
	if out := mustShell(t, second, run); out != name123+"\n" {
		t.Errorf("got %q, want the name of the archive", out)
	}
	for _, dir := range []string{r.repository, second} {
		mustShell(t, filepath.Join(dir, "dist"), "sha256sum --check --strict SHA256SUMS")
	}
	archive := mustReadFile(t, r.archive)
	if !bytes.Equal(archive, mustReadFile(t, filepath.Join(second, "dist", name123))) {
		t.Error("the archives differ")
	}
	checkArchive(t, archive, strings.TrimSpace(mustShell(t, r.repository, "git rev-parse HEAD")))

	mustShell(t, second, "echo >>README.md")
	if out, err := shell(second, run); err == nil || !strings.Contains(out, "uncommitted changes:\n M README.md") {
		t.Errorf("with a change: got %v %s, want a refusal", err, out)
	}
}

// checkArchive unpacks the archive and runs the program.
func checkArchive(t *testing.T, archive []byte, commit string) {
	t.Helper()
	dir := t.TempDir()
	folder := strings.TrimSuffix(name123, ".tar.gz") + "/"
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
	want := regexp.MustCompile(`^vestibule v1\.2\.3 \(commit ` + commit + `, go1\.[0-9.]+ ` + runtime.GOOS + `/` + runtime.GOARCH + `\)\n$`)
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
