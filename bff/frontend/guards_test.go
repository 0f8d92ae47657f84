package frontend

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// growing is a file that grows between the check of its size and the reading.
type growing struct {
	fs.File
	rest *bytes.Reader
}

func (g growing) Read(p []byte) (int, error) { return g.rest.Read(p) }

func TestAFileThatIsBeingWrittenIsNotServed(t *testing.T) {
	f, err := fstest.MapFS{"app.js": {Data: []byte("let a")}}.Open("app.js")
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"let a = 1", "let"} {
		_, err := load(growing{f, bytes.NewReader([]byte(content))}, info, "app.js", policyOf)
		if !errors.Is(err, errChanging) {
			t.Errorf("%q: got %v, want %v", content, err, errChanging)
		}
	}
}

func TestAFolderWithoutAPageIsRefused(t *testing.T) {
	for want, prepare := range map[string]func(dir string) error{
		"":                   func(dir string) error { return os.WriteFile(filepath.Join(dir, index), []byte("<p>"), 0o600) },
		"no index.html":      func(string) error { return nil },
		"that is not a file": func(dir string) error { return os.Mkdir(filepath.Join(dir, index), 0o700) },
	} {
		dir := t.TempDir()
		if err := prepare(dir); err != nil {
			t.Fatal(err)
		}
		if err := CheckFolder(dir); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := CheckFolder(filepath.Join(t.TempDir(), "nowhere")); err == nil || err.Error() != "does not exist" {
		t.Errorf("got %v, want that it does not exist", err)
	}
}
