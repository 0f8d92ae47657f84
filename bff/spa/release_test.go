package spa

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
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

// TestThePageNamesAllThatItLoads follows every address in the page and every import of its
// modules. A missing one would leave the page blank, and an unnamed one would cost a round trip.
func TestThePageNamesAllThatItLoads(t *testing.T) {
	t.Parallel()
	r := newRelease(t, Config{Name: "Vestibule", PasswordMinLength: 8})
	var asked []string
	for _, m := range address.FindAllStringSubmatch(read(t, r, page), -1) {
		asked = append(asked, m[1])
	}
	// Any import, also one that modulesOf might not see.
	imported := regexp.MustCompile(`(?:from|import)\s*\(?['"](\.[^'"]+)['"]`)
	modules := 0
	for _, name := range asked {
		if !strings.HasPrefix(name, r.Folder+"/") {
			t.Errorf("%s is not in %s, so browsers ask for it at each visit", name, r.Folder)
		}
		text := read(t, r, name)
		if path.Ext(name) != ".js" {
			continue
		}
		modules++
		code := regexp.MustCompile(`(?m)^\s*(?://|/?\*).*$|/\*\*.*?\*/`).ReplaceAllString(text, "")
		for _, m := range imported.FindAllStringSubmatch(code, -1) {
			if module := path.Join(path.Dir(name), m[1]); !slices.Contains(asked, module) {
				t.Errorf("%s imports %s, which the page does not name", name, module)
			}
		}
	}
	if modules < 20 {
		t.Errorf("the page names %d modules: %q", modules, asked)
	}
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
	for _, name := range []string{"app/main.js", "style.css", "vendor/preact.js", one.Folder + "/index.html", other.Folder + "/app/main.js", "app", one.Folder, "client"} {
		if _, err := fs.ReadFile(one, name); err == nil {
			t.Errorf("%s is served", name)
		}
	}
	client := read(t, one, "client/index.js")
	if own, err := fs.ReadFile(Files, "client/index.js"); err != nil || client != string(own) {
		t.Errorf("the client is another one at its documented path: %v", err)
	}
	if sent := read(t, one, one.Folder+"/client/index.js"); len(sent) >= len(client) || strings.Count(sent, "\n") != strings.Count(client, "\n") {
		t.Errorf("the app loads %d bytes for the %d of the client, want fewer, in the same lines", len(sent), len(client))
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

func TestAMissingModuleIsAnError(t *testing.T) {
	t.Parallel()
	own := map[string][]byte{"a.js": []byte("import {\n\tx,\n} from './b.js'\nimport'./c.js'\nexport * from \"./d/e.js\"\n"), "b.js": nil, "c.js": nil, "d/e.js": []byte("export{y}from'../b.js'")}
	got, err := modulesOf(own, "a.js")
	if err != nil || !slices.Equal(got, []string{"b.js", "c.js", "d/e.js"}) {
		t.Errorf("got %v, %v", got, err)
	}
	delete(own, "d/e.js")
	if _, err := modulesOf(own, "a.js"); err == nil || !strings.Contains(err.Error(), "d/e.js") {
		t.Errorf("got %v, want the module that is missing", err)
	}
}
