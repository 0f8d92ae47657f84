package spa

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
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

// TestThePageLoadsOneScript: nothing else is loaded, and all is in the folder whose files
// browsers keep.
func TestThePageLoadsOneScript(t *testing.T) {
	t.Parallel()
	r := newRelease(t, Config{Name: "Vestibule", PasswordMinLength: 8})
	scripts := 0
	for _, m := range address.FindAllStringSubmatch(read(t, r, page), -1) {
		if !strings.HasPrefix(m[1], r.Folder+"/") {
			t.Errorf("%s is not in %s, so browsers ask for it at each visit", m[1], r.Folder)
		}
		text := read(t, r, m[1])
		if path.Ext(m[1]) != ".js" {
			continue
		}
		scripts++
		// Any import, also one that parse might not see.
		text = annotation.ReplaceAllString(text, "")
		if found := regexp.MustCompile(`(?m)\bimport\s*[\w({*'"].*|\bfrom\s*['"].*|\bexport\s*[\w{*].*|^\s*(?://[^#]|/\*|\*/).*`).FindString(text); found != "" {
			t.Errorf("%s has an import, an export or a comment: %s", m[1], found)
		}
		if n := strings.Count(text, "(() => { // "); n < 20 {
			t.Errorf("%s has %d modules", m[1], n)
		}
	}
	if scripts != 1 {
		t.Errorf("the page loads %d scripts, want one", scripts)
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
	for _, name := range []string{"app/main.js", script, "style.css", "vendor/preact.js", one.Folder + "/index.html", other.Folder + "/app/main.js", "app", one.Folder, "client"} {
		if _, err := fs.ReadFile(one, name); err == nil {
			t.Errorf("%s is served", name)
		}
	}
	if read(t, one, "client/index.js") != read(t, one, one.Folder+"/client/index.js") {
		t.Error("the client is another one at its documented path")
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
