package e2e

import (
	"io"
	"net/http"
	"regexp"
	"testing"
)

// TestAppIsLight adds up the files that a first visit loads.
func TestAppIsLight(t *testing.T) {
	t.Parallel()
	p := launchBinary(t, binary(t, build.plain), shapes[0])
	seen := map[string]int{}
	load := func(path string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.bff+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		seen[path] = len(get(t, req))
		req.Header.Set("Accept-Encoding", "identity")
		return get(t, req)
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]+\.(?:js|css|svg|webmanifest))"`).FindAllStringSubmatch(load("/tasks"), -1) {
		if _, again := seen[m[1]]; !again {
			load(m[1])
		}
	}
	total := 0
	for path, size := range seen {
		total += size
		t.Logf("%6d %s", size, path)
	}
	t.Logf("%d bytes in %d files", total, len(seen))
	if len(seen) < 5 || total > 60_000 {
		t.Errorf("got %d bytes in %d files, want at most 60 000", total, len(seen))
	}
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
