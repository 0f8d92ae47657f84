package frontend

import (
	"bytes"
	"errors"
	"io/fs"
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
	t.Parallel()
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
