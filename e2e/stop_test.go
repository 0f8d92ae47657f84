package e2e

import (
	"net/http"
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
