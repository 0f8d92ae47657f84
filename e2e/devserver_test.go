package e2e

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// startDevServer runs the command that starts a dev server in a folder, and waits until the
// server listens on its port of localhost.
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
	waittest.Until(t, command+" listens", func() bool {
		conn, err := net.Dial("tcp", "localhost:"+port)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}
