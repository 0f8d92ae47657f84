//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// inGroup has cmd and whatever it starts end together: with its context, and when
// end is called after it.
func inGroup(cmd *exec.Cmd) (end func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	return func() {
		if cmd.Process != nil {
			_ = kill() // most often there is nobody left
		}
	}
}
