package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAStopFailsNoRequestOfABalancer plays a balancer with the defaults of HAProxy and of
// Kubernetes: it asks /readyz regularly, and sends requests, each on a new connection, until
// three answers in a row have failed.
func TestAStopFailsNoRequestOfABalancer(t *testing.T) {
	t.Parallel()
	p := launch(t, shapes[0])
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	get := func(url string) int {
		t.Helper()
		res, err := client.Get(url)
		if err != nil {
			t.Fatalf("a request failed: %v", err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for polls, failed := 0, 0; failed < 3; polls++ {
		if polls == 5 {
			if err := p.processes[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
		if polls == 200 {
			t.Fatal("/readyz goes on saying ok after SIGTERM")
		}
		if get(p.admin[0]+"/readyz") == http.StatusOK {
			failed = 0
		} else {
			failed++
		}
		for range 5 {
			if status := get(p.bff + "/api/auth/session"); status != http.StatusOK {
				t.Errorf("got %d, want 200", status)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	// It has been told; what is on its way still arrives.
	if status := get(p.bff + "/api/auth/session"); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	if code := p.processes[0].wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

// TestAStopEndsStreamsAtOnceAndNoDownload: a BFF without the task API. Its proxied streams must
// not take the time that requests in progress have.
func TestAStopEndsStreamsAtOnceAndNoDownload(t *testing.T) {
	t.Parallel()
	up := newUpstream(t)
	up.file = filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(up.file, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, shapes[2], "BACKEND_URL="+up.url)
	b := newBrowser(t, p.bff)
	b.signUp("nora@example.com")
	open := func(path string) io.Reader {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.bff+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream, */*")
		res, err := b.client.Do(req)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: got %v, %v", path, res, err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res.Body
	}
	download, events := open("/api/proxy/download"), open("/api/proxy/events")
	bff := p.processes[1]
	if err := bff.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(events); err != nil || len(rest) > 0 {
		t.Errorf("the event stream: got %q and %v, want a well-formed end", rest, err)
	}
	if n, err := io.Copy(io.Discard, download); n != 32<<20 || err != nil {
		t.Errorf("the download: got %d bytes and %v, want all of it", n, err)
	}
	if code := bff.wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if strings.Contains(bff.log.String(), "still in progress") {
		t.Errorf("the stop waited for a stream:\n%s", bff.log)
	}
}
