package e2e

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// startDevServer runs the command that starts a dev server in a folder, and waits until the
// server answers on its port of localhost. To connect is not enough: Vite first listens for a
// moment only to see whether the port is free.
func startDevServer(t *testing.T, folder, command, port string, env ...string) {
	t.Helper()
	server := exec.Command("bash", "-euc", "exec "+command)
	server.Dir, server.Env = folder, append(os.Environ(), env...)
	log := &testlog.Buffer{}
	server.Stdout, server.Stderr = log, log
	// npm, a shell and the server. Should the test be killed, npm passes the signal on.
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", command, log)
		}
	})
	// Next.js answers this path without making a page.
	waittest.Until(t, command+" answers", func() bool { return waittest.Status("http://localhost:"+port+"/_next/static/none") != 0 })
}
