package spa

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"testing"
)

// TestFilesForToolsAreNotServed: browsers do not need the files for the compiler.
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

// TestOnlyAFewFilesSendRequests: the code that every request to the account or the API needs
// exists only once: the password dialog, the second check after a 401, the deadline, the
// bounded retries. A new file that sends its own requests would have none of it.
func TestOnlyAFewFilesSendRequests(t *testing.T) {
	for what, c := range map[string]struct {
		sends *regexp.Regexp
		in    []string
	}{
		"requests about the account of the signed-in user, which app/ask.js must send": {
			regexp.MustCompile(`\bcall\('`), []string{"app/enter.js", "app/session.js"}, // for guests, and about the session itself
		},
		"requests": {
			regexp.MustCompile(`\bfetch(?: \?\? globalThis\.fetch\))?\(|\bEventSource\b|\bWebSocket\b|\bsendBeacon\b|\bXMLHttpRequest\b`),
			[]string{"app/auth.js", "app/work.js", "app/worker.js", "client/session.js", "client/transport.js", "service-worker.js"},
		},
		"endless repetition": {regexp.MustCompile(`\bsetInterval\b|\bwhile \(true\)`), nil},
	} {
		var found []string
		sources := os.DirFS(".")
		err := fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
			if folder := path.Dir(name); err != nil || d.IsDir() || path.Ext(name) != ".js" || folder == "vendor" || folder == "built" {
				return err
			}
			text, err := fs.ReadFile(sources, name)
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
