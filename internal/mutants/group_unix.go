//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// inGroup makes cmd and all its children end together: when the context ends, and when end
// is called afterwards.
func inGroup(cmd *exec.Cmd) (end func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	return func() {
		if cmd.Process != nil {
			_ = kill() // usually no process is left
		}
	}
}
