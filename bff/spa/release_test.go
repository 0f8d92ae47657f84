package spa

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/quicktest"
)

func newRelease(t *testing.T, cfg Config) *Release {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, r *Release, name string) string {
	t.Helper()
	text, err := fs.ReadFile(r, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var address = regexp.MustCompile(`(?:href|src)="/([^"]+)"`)

// TestThePageLoadsOneScript: nothing else is loaded, and all is in the folder whose files
// browsers keep.
func TestThePageLoadsOneScript(t *testing.T) {
	t.Parallel()
	r := newRelease(t, Config{Name: "Vestibule", PasswordMinLength: 8})
	var scripts []string
	for _, m := range address.FindAllStringSubmatch(read(t, r, page), -1) {
		name, inFolder := strings.CutPrefix(m[1], r.Folder+"/")
		if !inFolder {
			t.Errorf("%s is not in %s, so browsers ask for it at each visit", m[1], r.Folder)
		}
		text := read(t, r, m[1])
		if path.Ext(name) != ".js" {
			continue
		}
		scripts = append(scripts, name)
		if found := regexp.MustCompile(`\bimport\s*[\w({*'"].{0,40}|\bfrom\s*['"]\..{0,40}`).FindString(text); found != "" {
			t.Errorf("%s loads more: %s", name, found)
		}
	}
	if !slices.Equal(scripts, []string{"main.js"}) {
		t.Errorf("the page loads the scripts %v, want one", scripts)
	}
}

// TestTheBuiltFilesAreCurrent runs the command that makes them.
func TestTheBuiltFilesAreCurrent(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "esbuild")
	source, err := os.ReadFile("spa.go")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(source), "\n//go:generate ")
	line, _, _ = strings.Cut(line, "\n")
	dir := filepath.Join(t.TempDir(), "built")
	args := strings.Fields(strings.Replace(line, "--outdir=built", "--outdir="+dir, 1))
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 6 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, f := range files {
		want, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if got, _ := Files.ReadFile(built + f.Name()); err != nil || !bytes.Equal(withoutPlaces(got), withoutPlaces(want)) {
			t.Errorf("%s is out of date; run go generate ./bff/spa (%v)", built+f.Name(), err)
		}
	}
}

// withoutPlaces leaves out where the sources are, seen from a source map.
func withoutPlaces(text []byte) []byte {
	return regexp.MustCompile(`"sources":\s*\[[^\]]*\]`).ReplaceAll(text, nil)
}

// TestTheFolderIsNamedAfterItsContent: an immutable address that had two contents would mix
// two versions of the app in one page.
func TestTheFolderIsNamedAfterItsContent(t *testing.T) {
	t.Parallel()
	one, same, other := newRelease(t, Config{Name: "A"}), newRelease(t, Config{Name: "A", PasswordMinLength: 9}), newRelease(t, Config{Name: "B"})
	if one.Folder != same.Folder || one.Folder == other.Folder || !regexp.MustCompile(`^app/[0-9a-f]{20}$`).MatchString(one.Folder) {
		t.Errorf("got %s, %s and %s, want the first two equal: only the manifest has the name", one.Folder, same.Folder, other.Folder)
	}
	a := map[string][]byte{"x.js": []byte("12"), "y.js": []byte("3")}
	for _, b := range []map[string][]byte{
		{"x.js": []byte("1"), "y.js": []byte("23")}, {"x.js": []byte("12"), "z.js": []byte("3")}, {"x.js": []byte("12")}, {"x.js": []byte("12"), "y.js": []byte("4")},
	} {
		if digest(a) == digest(b) {
			t.Errorf("%s has the name of %s", b, a)
		}
	}
	for _, name := range []string{"main.js", "style.css", "built/main.js", one.Folder + "/index.html", one.Folder + "/built/main.js", other.Folder + "/main.js", "app", one.Folder, "client"} {
		if _, err := fs.ReadFile(one, name); err == nil {
			t.Errorf("%s is served", name)
		}
	}
	if text := read(t, one, "client/index.js"); !strings.Contains(text, "\n//") {
		t.Error("the client has lost its comments, and people read it")
	}
}

func TestThePageShowsTheSettings(t *testing.T) {
	t.Parallel()
	r := newRelease(t, Config{Name: `A "<b>" & C`, PasswordMinLength: 12})
	text := read(t, r, page)
	for _, want := range []string{"<title>A &#34;&lt;b&gt;&#34; &amp; C</title>", `name="password-min-length" content="12"`, "needs JavaScript", "has not started yet", `<html lang="en" data-worker="vestibule">`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s:\n%s", want, text)
		}
	}
	var m struct {
		Name  string
		ID    string
		Start string `json:"start_url"`
		Icons []struct{ Src string }
	}
	if err := json.Unmarshal([]byte(read(t, r, r.Folder+"/"+manifest)), &m); err != nil || m.Name != `A "<b>" & C` || m.ID != "/" || m.Start != "/tasks" || len(m.Icons) != 4 {
		t.Errorf("got %+v, %v", m, err)
	}
	for _, icon := range m.Icons {
		read(t, r, r.Folder+"/"+icon.Src)
	}
}
