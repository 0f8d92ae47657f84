package e2e

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestAStopFailsNoRequestOfABalancer plays a balancer: it asks /readyz every
// 50 ms and sends a request on a new connection after each answer that was ok.
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
	for i := 0; get(p.admin[0]+"/readyz") == http.StatusOK; i++ {
		if i == 5 {
			if err := p.processes[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
		if i == 200 {
			t.Fatal("/readyz goes on saying ok after SIGTERM")
		}
		time.Sleep(50 * time.Millisecond)
		if status := get(p.bff + "/api/auth/session"); status != http.StatusOK {
			t.Errorf("got %d, want 200", status)
		}
	}
	// It has been told; what is on its way still arrives.
	if status := get(p.bff + "/api/auth/session"); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	if code := p.processes[0].wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}
