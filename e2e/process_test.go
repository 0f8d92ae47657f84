package e2e

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/freeport"
	"vestibule/internal/testlog"
)

// process is a running vestibule.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	log    *testlog.Buffer
	exited chan struct{}
	err    error // after exited
}

// start runs the binary. Of the test's environment it gets only PATH, and GORACE for the race
// detector (the Makefile says why).
func start(t testing.TB, path, dir string, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "GORACE=" + os.Getenv("GORACE"), "HOME=" + dir}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	return begin(t, cmd)
}

// begin starts a command of vestibule, which ends with the test.
func begin(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, log: &testlog.Buffer{}, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Errorf("%s has a data race:\n%s", cmd, p.log)
		} else if t.Failed() {
			t.Logf("%s:\n%s", cmd, p.log)
		}
	})
	return p
}

// stop asks the process to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("vestibule is still running:\n%s", p.log)
		return 0
	}
}

// freeAddrs finds loopback addresses that nothing listens on.
func freeAddrs(t testing.TB, n int) []string {
	t.Helper()
	addrs := make([]string, n)
	for i := range addrs {
		var err error
		if addrs[i], err = freeport.Addr(); err != nil {
			t.Fatal(err)
		}
	}
	return addrs
}
