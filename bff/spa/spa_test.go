package spa

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"testing"
)

// TestFilesThatThePageLoadsExist follows every address in the page, and every import
// of its modules: one that is missing would be a blank page.
func TestFilesThatThePageLoadsExist(t *testing.T) {
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

// TestFilesForToolsAreNotServed: browsers have no use for what the compiler reads.
func TestFilesForToolsAreNotServed(t *testing.T) {
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

// TestOnlyAFewFilesSendRequests: what every request about the account, or to the API,
// must have is there once: the password asked for in place, the second look at a 401, a
// deadline, retries with a bound. A new file that sends its own has none of it.
func TestOnlyAFewFilesSendRequests(t *testing.T) {
	for what, c := range map[string]struct {
		sends *regexp.Regexp
		in    []string
	}{
		"requests about the account of whoever is signed in, which app/ask.js sends": {
			regexp.MustCompile(`\bcall\('`), []string{"app/enter.js", "app/session.js"}, // for guests, and about the session itself
		},
		"requests": {
			regexp.MustCompile(`\bfetch(?: \?\? globalThis\.fetch\))?\(|\bEventSource\b|\bWebSocket\b|\bsendBeacon\b|\bXMLHttpRequest\b`),
			[]string{"app/auth.js", "app/tasks.js", "client/transport.js"},
		},
		"what is done again and again": {regexp.MustCompile(`\bsetInterval\b|\bwhile \(true\)`), nil},
	} {
		var found []string
		err := fs.WalkDir(Files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".js" || path.Dir(name) == "vendor" {
				return err
			}
			text, err := fs.ReadFile(Files, name)
			if err != nil {
				return err
			}
			if c.sends.Match(regexp.MustCompile(`(?m)//.*$|^\s*\*.*$`).ReplaceAll(text, nil)) {
				found = append(found, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(found, c.in) {
			t.Errorf("%s: got them in %v, want %v", what, found, c.in)
		}
	}
}
