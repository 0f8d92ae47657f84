package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"vestibule/internal/waittest"
)

// inTerminal starts a command, with the program as $0, that the terminal controls; nil: none does.
func inTerminal(t *testing.T, term *terminal, name string, args ...string) (cmd *exec.Cmd, log *logBuffer, ended <-chan error) {
	t.Helper()
	cmd = exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if term != nil {
		cmd.SysProcAttr.Setctty, cmd.Stdin = true, term.line
	}
	log, ended = begin(t, cmd, testEnv(t))
	waittest.Until(t, "ready", func() bool { return isReady(log) })
	return cmd, log, ended
}

// TestAServerEndsWithItsTerminal: without that it would go on where nobody sees it, and keep its
// port. Until then SIGHUP reloads.
func TestAServerEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	t.Run("as its first program", func(t *testing.T) {
		t.Parallel()
		term := newTerminal(t)
		cmd, log, ended := inTerminal(t, term, os.Args[0], "serve")
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		log.Want(t, "reload: no file has changed")
		term.hangUp()
		if got := exitCode(t, waittest.Receive(t, "exit", ended)); got != exitOK || !strings.Contains(log.String(), `"msg":"stopped"`) {
			t.Errorf("got code %d, want a graceful stop:\n%s", got, log)
		}
	})
	t.Run("under a shell", func(t *testing.T) {
		t.Parallel()
		term := newTerminal(t)
		_, log, ended := inTerminal(t, term, "sh", "-c", `"$0" serve; exit`, os.Args[0])
		term.hangUp()
		waittest.Receive(t, "exit", ended)
		if !strings.Contains(log.String(), `"msg":"stopped"`) {
			t.Errorf("want a graceful stop:\n%s", log)
		}
	})
}

func TestAServerWithoutATerminalReloads(t *testing.T) {
	t.Parallel()
	cmd, log, ended := inTerminal(t, nil, os.Args[0], "serve")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	log.Want(t, "reload: no file has changed")
	wantExit(t, cmd, ended, log)
}

// TestATerminalThatIsLostAfterTheSignal: BSD sends the signal first.
func TestATerminalThatIsLostAfterTheSignal(t *testing.T) {
	t.Parallel()
	received, reload, stopped := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)
	looks := 0
	received <- syscall.SIGHUP
	go handleHangups(received, reload, func() bool { looks++; return looks > 1 }, func(s os.Signal) { stopped <- s })
	waittest.Receive(t, "stop", stopped)
	select {
	case <-reload:
	default:
		t.Error("the signal came while the terminal was there: want a reload")
	}
}

func TestOnlySomeErrorsMeanThatTheTerminalIsLost(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error]bool{nil: false, syscall.EMFILE: false, syscall.EACCES: false, syscall.ENXIO: true, syscall.EIO: true} {
		if got := meansLost(cause); got != want {
			t.Errorf("%v: got %v", cause, got)
		}
	}
}
