package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheRehearsalOfAnInstallation runs packaging/rehearse.sh with a release of this platform and
// nothing else: https with Caddy, a scrape, a trace at OpenTelemetry's collector, a backup under
// load, and its restore elsewhere.
func TestTheRehearsalOfAnInstallation(t *testing.T) {
	t.Parallel()
	r := releaseOf(t)
	tools, temporary, installed := t.TempDir(), t.TempDir(), t.TempDir()
	for name, module := range map[string]string{"otelcol": "otelcollector", "promtool": "promcheck"} {
		mustShell(t, "../internal/"+module, "GOFLAGS=-buildvcs=false go build -ldflags='-s -w' -o '"+filepath.Join(tools, name)+"' .")
	}
	script, err := filepath.Abs("../packaging/rehearse.sh")
	if err != nil {
		t.Fatal(err)
	}
	addresses := freeAddrs(t, 5)
	var ports []string
	for _, address := range addresses {
		ports = append(ports, port(address))
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, script, r.archive)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TMPDIR=" + temporary, "PORTS=" + strings.Join(ports, " "),
		"DATABASE_URL=sqlite:" + filepath.Join(installed, "vestibule.db"), "BASE_URL=https://app.example.com"} // of an installation, in the shell of its operator
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends what it has started
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for _, want := range []string{"vestibule v1.2.3 (", " 0 failures\n", "\nvestibule_sessions_live 1\n", "\n    list tasks\n", " tasks are there, and "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got no %q in\n%s", want, out)
		}
	}

	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want nothing left behind", left, err)
	}
	if touched, err := os.ReadDir(installed); err != nil || len(touched) > 0 {
		t.Errorf("got %v, %v, want nothing in the folder of the real database", touched, err)
	}
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("a process of the script still runs: %v", err)
			continue
		}
		_ = l.Close()
	}
}
