package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAppIsLight adds up the files that a first visit loads, and compares them with the
// repository: browsers get them without some of their comments.
func TestAppIsLight(t *testing.T) {
	t.Parallel()
	p := launchBinary(t, binary(t, build.plain), shapes[0])
	total, files, seen := 0, 0, map[string]bool{}
	load := func(path string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.bff+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		size := len(get(t, req))
		t.Logf("%6d %s", size, path)
		total, files = total+size, files+1
		req.Header.Set("Accept-Encoding", "identity")
		return get(t, req)
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="(/([^"/]+/){2}([^"]+\.(?:js|css|svg|webmanifest)))"`).FindAllStringSubmatch(load("/tasks"), -1) {
		if seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		text := load(m[1])
		switch m[3] {
		case "style.css":
			meansTheSame(t, "css", text, restored(t, text, m[3]))
		case "app/joined.js":
			meansTheSame(t, "js", text, restored(t, text, ""))
		}
	}
	t.Logf("%d bytes in %d files", total, files)
	if files < 4 || total > 70_000 {
		t.Errorf("got %d bytes in %d files, want at most 70 000", total, files)
	}
}

// restored puts the lines of the sources back that are empty in what is sent. Each module of a
// script begins with its name.
func restored(t *testing.T, sent, source string) string {
	t.Helper()
	read := func(name string) []string {
		return strings.Split(string(must(os.ReadFile(filepath.Join(filepath.Dir(mustGetwd(t)), "bff", "spa", name)))), "\n")
	}
	var from []string
	if source != "" {
		from = read(source)
	}
	lines, put := strings.Split(sent, "\n"), 0
	for i, line := range lines {
		if _, name, begins := strings.Cut(line, " = (() => { // "); begins {
			from = read(name)
			continue
		}
		if len(from) == 0 {
			continue // the line that ends a module
		}
		if line == "" && !strings.HasPrefix(from[0], "export {") {
			lines[i], put = from[0], put+1
		}
		from = from[1:]
	}
	if put < 20 {
		t.Errorf("%s: got %d lines back", source, put)
	}
	return strings.Join(lines, "\n")
}

// meansTheSame compares two texts without comments and layout: the server does not know these
// languages.
func meansTheSame(t *testing.T, language, got, want string) {
	t.Helper()
	core := func(text string) string {
		folder := t.TempDir()
		out, err := tool(t, folder, "esbuild", write(t, folder, "a."+language, text), "--minify-whitespace", "--legal-comments=none", "--tsconfig-raw={}", "--log-level=warning")
		if err != nil {
			t.Fatalf("esbuild: %v\n%s", err, out)
		}
		return out
	}
	if a, b := core(got), core(want); a != b || len(a) < 1000 {
		t.Errorf("what is sent differs from the source: %d bytes, want %d", len(a), len(b))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func get(t *testing.T, req *http.Request) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d, %v", req.URL, res.StatusCode, err)
	}
	return string(body)
}
