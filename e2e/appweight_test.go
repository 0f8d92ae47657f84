package e2e

import (
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAppIsLight adds up the files that a first visit loads.
func TestAppIsLight(t *testing.T) {
	t.Parallel()
	p := launchBinary(t, binary(t, build.plain), shapes[0])
	seen := map[string]int{}
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
	if len(seen) < 15 || total > 110_000 {
		t.Errorf("got %d bytes in %d files, want at most 110 000", total, len(seen))
	}
	index := get(t, must(http.NewRequestWithContext(t.Context(), http.MethodGet, p.bff+"/", nil)))
	for path := range seen {
		if strings.HasSuffix(path, ".js") && !strings.Contains(index, `"`+path+`"`) {
			t.Errorf("%s is not in index.html, so browsers learn late that they need it", path)
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
