package spa

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"testing"
)

// TestWhatThePagesAskForIsThere follows every address in the page, and every import
// of its modules: one that is missing would be a blank page.
func TestWhatThePagesAskForIsThere(t *testing.T) {
	page, err := fs.ReadFile(Files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`(?:href|src)="/([^"]+)"`)
	imported := regexp.MustCompile(`(?m)^(?:import|export)\b[^'"\n]*['"](\.[^'"]+)['"]`)
	var asked []string
	for _, m := range address.FindAllStringSubmatch(string(page), -1) {
		asked = append(asked, m[1])
	}
	if len(asked) < 5 {
		t.Fatalf("the page asks for %v, want its modules and style", asked)
	}
	for i := 0; i < len(asked); i++ {
		text, err := fs.ReadFile(Files, asked[i])
		if err != nil {
			t.Errorf("%s: %v", asked[i], err)
		}
		if path.Ext(asked[i]) != ".js" {
			continue
		}
		for _, m := range imported.FindAllStringSubmatch(string(text), -1) {
			if module := path.Join(path.Dir(asked[i]), m[1]); !slices.Contains(asked, module) {
				asked = append(asked, module)
			}
		}
	}
}

// TestToolsFilesAreNotSent: browsers have no use for what the compiler reads.
func TestToolsFilesAreNotSent(t *testing.T) {
	err := fs.WalkDir(Files, ".", func(name string, d fs.DirEntry, err error) error {
		if ext := path.Ext(name); err == nil && !d.IsDir() && (ext == ".ts" || ext == ".json" || ext == ".go") {
			t.Errorf("%s is embedded", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
