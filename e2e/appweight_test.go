package e2e

import (
	"bytes"
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
	seen := map[string]int{}
	sent := t.TempDir()
	var load func(path string)
	load = func(path string) {
		if _, again := seen[path]; again {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.bff+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "identity")
		plain := get(t, req)
		req.Header.Set("Accept-Encoding", "gzip")
		seen[path] = len(get(t, req))
		if m := regexp.MustCompile(`^/app/[^/]+/(.+\.(?:js|css))$`).FindStringSubmatch(path); m != nil {
			file := filepath.Join(sent, m[1])
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Dir(file), filepath.Base(file), plain)
		}
		link := regexp.MustCompile(`(?m)(?:href|src)="(/[^"]+\.(?:js|css|svg))"|^(?:import|export)\b[^'"\n]*["'](\.[^"']+)["']`)
		for _, m := range link.FindAllStringSubmatch(plain, -1) {
			if m[1] != "" {
				load(m[1])
			} else if !strings.HasSuffix(path, ".svg") {
				load(filepath.Join(filepath.Dir(path), m[2]))
			}
		}
	}
	load("/tasks")
	total := 0
	for path, size := range seen {
		total += size
		t.Logf("%6d %s", size, path)
	}
	t.Logf("%d bytes in %d files", total, len(seen))
	if len(seen) < 15 || total > 90_000 {
		t.Errorf("got %d bytes in %d files, want at most 90 000", total, len(seen))
	}
	meanTheSame(t, sent, filepath.Join(filepath.Dir(mustGetwd(t)), "bff", "spa"))
	index := get(t, must(http.NewRequestWithContext(t.Context(), http.MethodGet, p.bff+"/", nil)))
	for path := range seen {
		if strings.HasSuffix(path, ".js") && !strings.Contains(index, `"`+path+`"`) {
			t.Errorf("%s is not in index.html, so browsers learn late that they need it", path)
		}
	}
}

// meanTheSame compares scripts and style sheets with their sources, without comments and
// layout: the server does not know these languages.
func meanTheSame(t *testing.T, sent, sources string) {
	t.Helper()
	var names []string
	err := filepath.WalkDir(sent, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(path, sent+"/"))
		}
		return err
	})
	if err != nil || len(names) < 15 {
		t.Fatalf("got %q, %v", names, err)
	}
	core := func(folder string) string {
		out := t.TempDir()
		if text, err := tool(t, folder, "esbuild", append(names, "--minify-whitespace", "--legal-comments=none", "--tsconfig-raw={}", "--outbase=.", "--outdir="+out, "--log-level=warning")...); err != nil {
			t.Fatalf("esbuild: %v\n%s", err, text)
		}
		return out
	}
	a, b := core(sent), core(sources)
	for _, name := range names {
		got, want := must(os.ReadFile(filepath.Join(a, name))), must(os.ReadFile(filepath.Join(b, name)))
		if len(got) == 0 || !bytes.Equal(got, want) {
			t.Errorf("%s: what is sent differs from the source:\n%s\nwant\n%s", name, got, want)
		}
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
