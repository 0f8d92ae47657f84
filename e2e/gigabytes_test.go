package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const gigabyte = 1 << 30

// gigabyteFile makes a file of zeros that takes no space on the disk. The system sends it
// without a copy through the test, which the race detector would make slow.
func gigabyteFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "gigabyte")
	file, err := os.Create(name)
	if err == nil {
		err = errors.Join(file.Truncate(gigabyte), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestGigabytesPassAtConstantMemory looks at the peak of the process's memory.
func TestGigabytesPassAtConstantMemory(t *testing.T) {
	t.Parallel()
	up := newUpstream(t)
	up.file = gigabyteFile(t)
	p := launchBinary(t, binary(t, build.plain), shapes[0], "BACKEND_URL="+up.url, "PROXY_BODY_LIMIT=0")
	b := newBrowser(t, p.bff)
	b.signUp("jan@example.com")
	before := peakMemory(t, p.processes[0].cmd.Process.Pid)

	file, err := os.Open(up.file)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.bff+"/api/proxy/upload", file)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = gigabyte
	r.Header.Set("Content-Type", "application/octet-stream")
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := up.last(t).body; res.StatusCode != 200 || got != gigabyte {
		t.Errorf("got %d and %d bytes at the API, want 200 and %d", res.StatusCode, got, gigabyte)
	}

	down, err := b.client.Get(p.bff + "/api/proxy/download")
	if err != nil {
		t.Fatal(err)
	}
	defer down.Body.Close()
	n, err := io.Copy(io.Discard, down.Body)
	if err != nil || n != gigabyte {
		t.Errorf("got %d bytes and %v, want %d", n, err, gigabyte)
	}

	after := peakMemory(t, p.processes[0].cmd.Process.Pid)
	t.Logf("peak memory: %d KiB before, %d KiB after", before, after)
	// Sign-up alone takes 19 MiB for argon2id; a buffered gigabyte would show.
	if after-before > 64<<10 {
		t.Errorf("peak memory went from %d to %d KiB", before, after)
	}
}

// peakMemory is the largest resident set of a process so far, in KiB.
func peakMemory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	t.Fatal("no VmHWM in /proc")
	return 0
}
